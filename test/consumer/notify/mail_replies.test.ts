import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import consumer from "../../../consumer/index.ts";
import { chooseAttachments, formatMail } from "../../../consumer/notify/mail_text.ts";
import type { ProducerEnv } from "../../../producer/env.ts";
import { sendDueWebhooks } from "../../../producer/sweep/due_webhooks.ts";
import { removeTasks } from "../../../shared/store/cleanup/old_tasks.ts";
import { redeliver, type WebhookRow } from "../../../shared/store/webhooks.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import {
  finalAnswer,
  readRow,
  runTask,
  type TestConsumer,
  testConsumer,
  toolCall,
} from "../harness.ts";

const replyTo = {
  mailbox: "tasks@fleet.example",
  to: "ann@acme.example",
  subject: "Which sold most?",
  message_id: "<2@acme.example>",
  references: ["<1@acme.example>"],
};

/** A consumer with a mail service that throws these failures in turn and then accepts messages. */
function consumerWithMail(failures: unknown[] = [], overrides: Record<string, unknown> = {}) {
  const sent: EmailMessageBuilder[] = [];
  const MAIL = {
    async send(message: EmailMessageBuilder) {
      sent.push(message);
      if (sent.length <= failures.length) throw failures[sent.length - 1];
      return { messageId: "<m@fleet.example>" };
    },
  };
  return { on: testConsumer({ MAIL, ...overrides }), sent };
}

const mailError = (code: string) => Object.assign(new Error("ann@acme.example: no"), { code });

async function runMailTask(on: TestConsumer, task: Partial<DurableTask> = {}): Promise<string> {
  const fullTask = { prompt: "p", rehearsal: [{ text: "yes" }], ...task };
  const { id } = await runTask(fullTask, {
    consumer: on,
    row: { answer_to: JSON.stringify(replyTo) },
  });
  return id;
}

async function readReply(id: string): Promise<WebhookRow> {
  const row = await env.DB.prepare("SELECT * FROM webhooks WHERE subject = ?1")
    .bind(id)
    .first<WebhookRow>();
  if (row === null) throw new Error(`no reply of ${id}`);
  return row;
}

/** Does what the cron of each minute and the queue do, after the outbox's delays have passed. */
async function runCron(on: TestConsumer, id: string): Promise<WebhookRow> {
  await env.DB.prepare("UPDATE webhooks SET due_at = 1 WHERE subject = ?1 AND due_at IS NOT NULL")
    .bind(id)
    .run();
  const bodies: unknown[] = [];
  const WEBHOOKS = {
    sendBatch: async (messages: { body: unknown }[]) =>
      void bodies.push(...messages.map(({ body }) => body)),
  };
  await sendDueWebhooks({ ...env, WEBHOOKS } as unknown as ProducerEnv);
  for (const body of bodies) {
    // The message is delivered twice, which a queue may do.
    for (const id of ["m", "m again"]) {
      const message = { id, timestamp: new Date(), attempts: 1, body };
      await consumer.queue(createMessageBatch("webhooks", [message]), on.env);
    }
  }
  return readReply(id);
}

describe("a task that came by mail", () => {
  it("gets one reply, in its thread, as plain text that no program replies to", async () => {
    const { on, sent } = consumerWithMail();
    const id = await runMailTask(on);
    expect(await runCron(on, id)).toMatchObject({ state: "delivered", tries: 1, due_at: null });
    await runCron(on, id);
    expect(sent).toEqual([
      {
        from: "tasks@fleet.example",
        to: "ann@acme.example",
        subject: "Re: Which sold most?",
        headers: {
          "Auto-Submitted": "auto-replied",
          "X-Auto-Response-Suppress": "All",
          "X-Fleet-Answer": `hook_${id.slice(5)}-1-mail`,
          "In-Reply-To": "<2@acme.example>",
          References: "<1@acme.example> <2@acme.example>",
        },
        text: expect.stringMatching(
          new RegExp(
            `^yes\n\n-- \nTask ${id}: succeeded \\(completed\\), 1 step, \\d+ tokens\\.\n$`,
          ),
        ),
      },
    ]);
  });

  it("and failed gets the cause as its reply", async () => {
    const { on, sent } = consumerWithMail();
    const id = await runMailTask(on, { rehearsal: [] });
    await runCron(on, id);
    expect(sent[0]?.text).toMatch(/has no answer: it ended as failed \(model_error\)\. .+/);
    expect(sent[0]?.attachments).toBeUndefined();
  });

  it("gets text and pictures that it wrote attached, and other files listed", async () => {
    const { on, sent } = consumerWithMail();
    const write = (path: string, content: string) => toolCall("write_file", { path, content });
    const id = await runMailTask(on, {
      files: { "attachments/in.csv": { text: "a" } },
      rehearsal: [
        write("out/sum.csv", "a,b\n1,2\n"),
        write("page.html", "<b>hi</b>"),
        finalAnswer(),
      ],
    });
    await runCron(on, id);
    expect(sent[0]?.attachments).toMatchObject([
      { disposition: "attachment", filename: "out_sum.csv", type: "text/csv" },
    ]);
    expect(sent[0]).not.toHaveProperty("html");
    const [{ content } = { content: "" }] = sent[0]?.attachments ?? [];
    expect(new TextDecoder().decode(content as Uint8Array)).toBe("a,b\n1,2\n");
    expect(sent[0]?.text).toContain("- out/sum.csv, 8 bytes: attached\n");
    expect(sent[0]?.text).toContain(`- page.html, 9 bytes: GET /v1/tasks/${id}/files/page.html`);
    expect(sent[0]?.text).not.toContain("in.csv");
  });

  it("gets a reply with a result that is too large for its row", async () => {
    const { on, sent } = consumerWithMail();
    const longText = [...Array(3_000).keys()].join(" ");
    const id = await runMailTask(on, { rehearsal: [{ text: longText }] });
    expect((await readRow(id)).output).toBeNull();
    await runCron(on, id);
    expect(sent[0]?.text?.startsWith(`${longText}\n\n-- \n`)).toBe(true);
  });
});

describe("a reply is sent at most once", () => {
  it("when the worker dies between sending and recording it", async () => {
    const { on, sent } = consumerWithMail();
    const id = await runMailTask(on);
    const dying = new Error("killed");
    const DB = new Proxy(env.DB, {
      get(db, name) {
        const original: unknown = Reflect.get(db, name);
        if (typeof original !== "function") return original;
        return (...args: unknown[]) => {
          if (name === "prepare" && String(args[0]).includes("ended_at = CASE")) throw dying;
          return Reflect.apply(original, db, args) as unknown;
        };
      },
    });
    const killed = { ...on, env: { ...on.env, DB } as ConsumerEnv };
    expect(await runCron(killed, id)).toMatchObject({ state: "waiting", tries: 1, sending: 1 });
    expect(sent).toHaveLength(1);
    expect(await runCron(on, id)).toMatchObject({
      state: "dead",
      last_error: "an earlier try may have sent it and has no outcome",
    });
    await runCron(on, id);
    expect(sent).toHaveLength(1);
    // A person can have it sent again.
    await redeliver(env.DB, "default", (await readReply(id)).id);
    expect(await runCron(on, id)).toMatchObject({ state: "delivered" });
    expect(sent).toHaveLength(2);
  });

  it.each<[unknown, string]>([
    [new Error("reset"), "no code"],
    [mailError("E_INTERNAL_SERVER_ERROR"), "E_INTERNAL_SERVER_ERROR"],
    [mailError("E_DELIVERY_FAILED"), "E_DELIVERY_FAILED"],
  ])("when the service fails with an unknown outcome: %s", async (failure, cause) => {
    const { on, sent } = consumerWithMail([failure]);
    const id = await runMailTask(on);
    expect(await runCron(on, id)).toMatchObject({
      state: "dead",
      last_error: `the mail service failed (${cause}), and the mail may have been sent`,
    });
    await runCron(on, id);
    expect(sent).toHaveLength(1);
  });
});

describe("a reply that was certainly not sent is tried again", () => {
  it("when the service rejects it with a code, whose message is not stored", async () => {
    const { on, sent } = consumerWithMail([mailError("E_RATE_LIMIT_EXCEEDED")]);
    const id = await runMailTask(on);
    expect(await runCron(on, id)).toMatchObject({
      state: "waiting",
      sending: null,
      last_error: "the mail service rejected it: E_RATE_LIMIT_EXCEEDED",
    });
    expect(await runCron(on, id)).toMatchObject({ state: "delivered", tries: 2 });
    expect(sent).toHaveLength(2);
  });

  it("when the consumer has no mail binding", async () => {
    const { on } = consumerWithMail([], { MAIL: undefined });
    const id = await runMailTask(on);
    expect(await runCron(on, id)).toMatchObject({
      state: "waiting",
      last_error: expect.stringContaining("no binding MAIL (send_email)"),
    });
  });
});

it("the reply row of a removed task is removed", async () => {
  const { on } = consumerWithMail();
  const id = await runMailTask(on);
  const other = await runMailTask(on);
  const { fence } = await readRow(id);
  await removeTasks(env.DB, [{ id, tenant: "default", fence, decisions: 0 }], Date.now() + 1);
  await expect(readReply(id)).rejects.toThrow("no reply");
  expect((await readReply(other)).state).toBe("waiting");
});

describe("the text of a reply", () => {
  const task = { id: "task_1", status: "succeeded", reason: "completed", usage: "{}" } as never;
  const textOf = (output: unknown) =>
    formatMail({ task, run: undefined, output, files: {}, attached: [] }).split("\n\n-- \n")[0];

  it.each<[string, unknown, string]>([
    ["only the text when there is no other field", { text: "yes" }, "yes"],
    ["fields as JSON", { product: "kettle" }, '{\n  "product": "kettle"\n}'],
    ["text without control characters", { text: "a\u001b[2Jb\r\nc\u0000\u009b" }, "a[2Jb\nc"],
    ["markup unchanged", { text: "<b>hi</b>" }, "<b>hi</b>"],
  ])("is %s", (_name, output, text) => {
    expect(textOf(output)).toBe(text);
  });

  it("is cut when it is long, and says where the full text is", () => {
    const text = textOf({ text: "y".repeat(100_001) });
    expect(text).toContain("[cut here; the full text is in GET /v1/tasks/task_1/result]");
    expect(text).not.toContain("y".repeat(100_001));
    expect(textOf({ text: "y".repeat(100_000) })).toBe("y".repeat(100_000));
  });

  it("lists fifty files and counts the rest", () => {
    const file = { sha256: "", bytes: 1, source: "blob" as const };
    const files = Object.fromEntries([...Array(51).keys()].map((n) => [`${n}.bin`, file]));
    const text = formatMail({ task, run: undefined, output: 1, files, attached: [] });
    expect(text.match(/^- /gm)).toHaveLength(50);
    expect(text).toContain("and 1 more");
  });

  it("has only attachments that fit and that no mail program renders or runs", () => {
    const file = (bytes: number) => ({ sha256: "", bytes, source: "blob" as const });
    const files = {
      "a.txt": file(2_000_000),
      "b.csv": file(1_000_001),
      "c.PNG": file(1_000_000),
      "d.html": file(1),
      "e.svg": file(1),
      "f.js": file(1),
      "g.txt.exe": file(1),
      "h.json": file(0),
    };
    expect(chooseAttachments(files).map(({ path }) => path)).toEqual(["a.txt", "c.PNG"]);
    const many = Object.fromEntries([...Array(30).keys()].map((n) => [`${n}.txt`, file(1)]));
    expect(chooseAttachments(many)).toHaveLength(10);
  });
});
