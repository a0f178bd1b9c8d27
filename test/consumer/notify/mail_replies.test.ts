import { createMessageBatch } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ConsumerEnv } from "../../../consumer/config/env.ts";
import consumer from "../../../consumer/index.ts";
import { attachable, mailText } from "../../../consumer/notify/mail_text.ts";
import type { ProducerEnv } from "../../../producer/env.ts";
import { sendDueWebhooks } from "../../../producer/sweep/due_webhooks.ts";
import { removeTasks } from "../../../shared/store/retention.ts";
import { redeliver, type WebhookRow } from "../../../shared/store/webhooks.ts";
import type { DurableTask } from "../../../shared/task.ts";
import { type Bench, bench, call, finish, rowOf, runTask } from "../harness.ts";

const answerTo = {
  mailbox: "tasks@fleet.example",
  to: "ann@acme.example",
  subject: "Which sold most?",
  message_id: "<2@acme.example>",
  references: ["<1@acme.example>"],
};

/** A fleet whose mail service takes messages, or fails with what is thrown in turn. */
function mailed(failures: unknown[] = [], more: Record<string, unknown> = {}) {
  const sent: EmailMessageBuilder[] = [];
  const MAIL = {
    async send(message: EmailMessageBuilder) {
      sent.push(message);
      if (sent.length <= failures.length) throw failures[sent.length - 1];
      return { messageId: "<m@fleet.example>" };
    },
  };
  return { on: bench({ MAIL, ...more }), sent };
}

const refusedWith = (code: string) => Object.assign(new Error("ann@acme.example: no"), { code });

async function ended(on: Bench, task: Partial<DurableTask> = {}): Promise<string> {
  const whole = { prompt: "p", rehearsal: [{ text: "yes" }], ...task };
  const { id } = await runTask(whole, { bench: on, row: { answer_to: JSON.stringify(answerTo) } });
  return id;
}

async function mailOf(id: string): Promise<WebhookRow> {
  const row = await env.DB.prepare("SELECT * FROM webhooks WHERE subject = ?1")
    .bind(id)
    .first<WebhookRow>();
  if (row === null) throw new Error(`no mail of ${id}`);
  return row;
}

/** What the minute's cron and the queue do, with the outbox's waits gone by. */
async function minute(on: Bench, id: string): Promise<WebhookRow> {
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
    // Twice, as a queue may deliver it.
    for (const id of ["m", "m again"]) {
      const message = { id, timestamp: new Date(), attempts: 1, body };
      await consumer.queue(createMessageBatch("webhooks", [message]), on.env);
    }
  }
  return mailOf(id);
}

describe("a task that came by mail", () => {
  it("is answered once, in its thread, as plain text that no program answers", async () => {
    const { on, sent } = mailed();
    const id = await ended(on);
    expect(await minute(on, id)).toMatchObject({ state: "delivered", tries: 1, due_at: null });
    await minute(on, id);
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

  it("and ended badly is answered with why", async () => {
    const { on, sent } = mailed();
    const id = await ended(on, { rehearsal: [] });
    await minute(on, id);
    expect(sent[0]?.text).toMatch(/has no answer: it ended as failed \(model_error\)\. .+/);
    expect(sent[0]?.attachments).toBeUndefined();
  });

  it("gets the files that it wrote: text and pictures attached, the rest named", async () => {
    const { on, sent } = mailed();
    const write = (path: string, content: string) => call("write_file", { path, content });
    const id = await ended(on, {
      files: { "attachments/in.csv": { text: "a" } },
      rehearsal: [write("out/sum.csv", "a,b\n1,2\n"), write("page.html", "<b>hi</b>"), finish()],
    });
    await minute(on, id);
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

  it("is answered with a result that is too large for its row", async () => {
    const { on, sent } = mailed();
    const long = [...Array(3_000).keys()].join(" ");
    const id = await ended(on, { rehearsal: [{ text: long }] });
    expect((await rowOf(id)).output).toBeNull();
    await minute(on, id);
    expect(sent[0]?.text?.startsWith(`${long}\n\n-- \n`)).toBe(true);
  });
});

describe("a mail is sent at most once", () => {
  it("when the worker dies between sending and writing it down", async () => {
    const { on, sent } = mailed();
    const id = await ended(on);
    const dying = new Error("killed");
    const DB = new Proxy(env.DB, {
      get(db, name) {
        const held: unknown = Reflect.get(db, name);
        if (typeof held !== "function") return held;
        return (...given: unknown[]) => {
          if (name === "prepare" && String(given[0]).includes("ended_at = CASE")) throw dying;
          return Reflect.apply(held, db, given) as unknown;
        };
      },
    });
    const killed = { ...on, env: { ...on.env, DB } as ConsumerEnv };
    expect(await minute(killed, id)).toMatchObject({ state: "waiting", tries: 1, sending: 1 });
    expect(sent).toHaveLength(1);
    expect(await minute(on, id)).toMatchObject({
      state: "dead",
      last_error: "an earlier try may have sent it, and had no outcome",
    });
    await minute(on, id);
    expect(sent).toHaveLength(1);
    // A person who knows better may have it sent again.
    await redeliver(env.DB, "default", (await mailOf(id)).id);
    expect(await minute(on, id)).toMatchObject({ state: "delivered" });
    expect(sent).toHaveLength(2);
  });

  it.each<[unknown, string]>([
    [new Error("reset"), "no code"],
    [refusedWith("E_INTERNAL_SERVER_ERROR"), "E_INTERNAL_SERVER_ERROR"],
    [refusedWith("E_DELIVERY_FAILED"), "E_DELIVERY_FAILED"],
  ])("when the service fails and nobody knows how far it came: %s", async (failure, why) => {
    const { on, sent } = mailed([failure]);
    const id = await ended(on);
    expect(await minute(on, id)).toMatchObject({
      state: "dead",
      last_error: `the mail service failed (${why}), and the mail may have left`,
    });
    await minute(on, id);
    expect(sent).toHaveLength(1);
  });
});

describe("a mail that is known not to have left is tried again", () => {
  it("when the service refuses it by its own code, whose words are not kept", async () => {
    const { on, sent } = mailed([refusedWith("E_RATE_LIMIT_EXCEEDED")]);
    const id = await ended(on);
    expect(await minute(on, id)).toMatchObject({
      state: "waiting",
      sending: null,
      last_error: "the mail service refused it: E_RATE_LIMIT_EXCEEDED",
    });
    expect(await minute(on, id)).toMatchObject({ state: "delivered", tries: 2 });
    expect(sent).toHaveLength(2);
  });

  it("when the consumer has no mail service, and says what to bind", async () => {
    const { on } = mailed([], { MAIL: undefined });
    const id = await ended(on);
    expect(await minute(on, id)).toMatchObject({
      state: "waiting",
      last_error: expect.stringContaining("no binding MAIL (send_email)"),
    });
  });
});

it("what was told of a task goes with it", async () => {
  const { on } = mailed();
  const id = await ended(on);
  const kept = await ended(on);
  const { fence } = await rowOf(id);
  await removeTasks(env.DB, [{ id, tenant: "default", fence, decisions: 0 }], Date.now() + 1);
  await expect(mailOf(id)).rejects.toThrow("no mail");
  expect((await mailOf(kept)).state).toBe("waiting");
});

describe("what a mail says", () => {
  const task = { id: "task_1", status: "succeeded", reason: "completed", usage: "{}" } as never;
  const said = (output: unknown) =>
    mailText({ task, run: undefined, output, files: {}, attached: [] }).split("\n\n-- \n")[0];

  it.each<[string, unknown, string]>([
    ["the text alone where there is nothing else", { text: "yes" }, "yes"],
    ["fields as JSON", { product: "kettle" }, '{\n  "product": "kettle"\n}'],
    ["no control characters", { text: "a\u001b[2Jb\r\nc\u0000\u009b" }, "a[2Jb\nc"],
    ["markup as it stands", { text: "<b>hi</b>" }, "<b>hi</b>"],
  ])("is %s", (_name, output, text) => {
    expect(said(output)).toBe(text);
  });

  it("is cut where it is long, and says where the whole is", () => {
    const text = said({ text: "y".repeat(100_001) });
    expect(text).toContain("[cut here: the whole stands in GET /v1/tasks/task_1/result]");
    expect(text).not.toContain("y".repeat(100_001));
  });

  it("attaches no more than fits, and nothing that a mail program shows as a page or runs", () => {
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
    expect(attachable(files).map(({ path }) => path)).toEqual(["a.txt", "c.PNG"]);
    const many = Object.fromEntries([...Array(30).keys()].map((n) => [`${n}.txt`, file(1)]));
    expect(attachable(many)).toHaveLength(10);
  });
});
