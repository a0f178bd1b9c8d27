import {
  createExecutionContext,
  createMessageBatch,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ProducerEnv } from "../../producer/env.ts";
import producer from "../../producer/index.ts";
import { mayWrite, safeNames } from "../../producer/ingress/mailbox.ts";
import { Fleet, type FleetProps } from "../../producer/ingress/service_binding.ts";
import { runDueTicks } from "../../producer/schedules/tick.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import { RecordingQueue, send, task, testFleet } from "./client.ts";

const address = "tasks@fleet.example";
const mailboxes = JSON.stringify({
  [address]: { from: ["*@acme.example"], template: { ...task(), prompt: "{{item.subject}}" } },
});

function wayIn() {
  const dead = new RecordingQueue();
  const more = { INBOX_DLQ: dead as unknown as Queue, FLEET_MAILBOXES: mailboxes };
  const fleet = testFleet(more);
  return { fleet, dead: dead.sent as unknown as Record<string, unknown>[] };
}

/** Delivers messages of a queue of the producer's; answers which were acknowledged. */
async function deliver(on: ProducerEnv, queue: string, bodies: readonly unknown[], id = "m") {
  const messages = bodies.map((body, n) => ({
    id: `${id}${n}`,
    timestamp: new Date(5_000),
    attempts: 1,
    body,
  }));
  const batch = createMessageBatch(queue, messages);
  const acked: string[] = [];
  for (const message of batch.messages) message.ack = () => void acked.push(message.id);
  await producer.queue(batch, on);
  return acked;
}

function entrypoint(on: ProducerEnv, props?: FleetProps) {
  const context = createExecutionContext();
  return { fleet: new Fleet(Object.assign(context, { props }) as never, on), context };
}

interface Mail {
  headers?: string[];
  from?: string;
  header?: string;
  to?: string;
  subject?: string;
  id?: string;
  bytes?: number;
}

const mime = ({
  header,
  from = "ann@acme.example",
  subject = "Say yes.",
  id = "1@acme",
  headers = [],
}: Mail) =>
  [
    `From: Ann <${header ?? from}>`,
    `Subject: ${subject}`,
    `Message-ID: <${id}>`,
    ...headers,
    "MIME-Version: 1.0",
    'Content-Type: multipart/mixed; boundary="b"',
    "",
    "--b",
    "Content-Type: text/plain",
    "",
    "Please.",
    "--b",
    'Content-Type: text/csv; name="../sales 1.csv"',
    'Content-Disposition: attachment; filename="../sales 1.csv"',
    "Content-Transfer-Encoding: base64",
    "",
    btoa("a,b\n1,2\n"),
    "--b--",
    "",
  ].join("\r\n");

/** Sends one mail; answers why it was rejected, or null. */
async function mail(on: ProducerEnv, what: Mail = {}): Promise<string | null> {
  let rejected: string | null = null;
  const raw = mime(what);
  const message = {
    from: what.from ?? "ann@acme.example",
    to: what.to ?? address,
    raw: new Blob([raw]).stream(),
    rawSize: what.bytes ?? raw.length,
    setReject: (reason: string) => {
      rejected = reason;
    },
  };
  await producer.email(message as unknown as ForwardableEmailMessage, on);
  return rejected;
}

async function rows(): Promise<TaskRow[]> {
  const { results } = await env.DB.prepare("SELECT * FROM tasks ORDER BY id").all<TaskRow>();
  return results;
}

beforeEach(async () => {
  for (const table of ["tasks", "batches", "schedules", "inbox_dead"]) {
    await env.DB.prepare(`DELETE FROM ${table}`).run();
  }
});

describe("a task is the same row, whichever way it comes in", () => {
  const ways: Record<string, (on: ReturnType<typeof wayIn>["fleet"]) => Promise<void>> = {
    HTTP: async (fleet) => {
      expect((await send(fleet, "POST", "/v1/tasks", task())).status).toBe(202);
    },
    cron: async (fleet) => {
      const schedule = { name: "s", cron: "* * * * *", template: task(), items: { inline: [{}] } };
      expect((await send(fleet, "POST", "/v1/schedules", schedule)).status).toBe(201);
      await env.DB.prepare("UPDATE schedules SET next_at = ?1, wake_at = ?1")
        .bind(Math.floor(Date.now() / 60_000) * 60_000)
        .run();
      await runDueTicks(fleet.env);
    },
    "the queue inbox": async (fleet) => {
      expect(await deliver(fleet.env, "inbox", [{ tenant: "default", ...task() }])).toEqual(["m0"]);
    },
    "the binding Fleet": async (fleet) => {
      const submitted = await entrypoint(fleet.env).fleet.submit(task());
      expect(submitted).toMatchObject({ ok: true, fresh: true, value: { status: "queued" } });
    },
    mail: async (fleet) => {
      expect(await mail(fleet.env)).toBeNull();
    },
  };

  it.each(Object.entries(ways))("%s", async (_name, submit) => {
    const { fleet } = wayIn();
    await submit(fleet);
    const [row, ...others] = await rows();
    expect(others).toEqual([]);
    const { files: _, ...spec } = JSON.parse(row?.spec ?? "{}") as Record<string, unknown>;
    expect(spec).toEqual(task());
    expect(row).toMatchObject({
      tenant: "default",
      status: "queued",
      attempts: 3,
      model: "rehearsal",
      policy: "default",
      sandbox: "isolate",
      priority: "normal",
      labels: "{}",
      fence: 0,
      sends: 1,
    });
    expect(fleet.tasks.sent).toMatchObject([{ v: 1, task_id: row?.id, model: "rehearsal" }]);
  });
});

describe("the queue inbox", () => {
  it("makes one task of a message, however often it is delivered, and one of a key", async () => {
    const { fleet, dead } = wayIn();
    const body = { tenant: "default", ...task() };
    await deliver(fleet.env, "inbox", [body]);
    await deliver(fleet.env, "inbox", [body]);
    expect(await rows()).toHaveLength(1);
    const keyed = { ...body, idempotency_key: "k" };
    await deliver(fleet.env, "inbox", [keyed, keyed], "n");
    expect(await rows()).toHaveLength(2);
    expect(dead).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ["that is no object", "hello", "tenant"],
    ["without a tenant", task(), "tenant"],
    ["with a tenant that is none", { tenant: "../x", ...task() }, "tenant"],
    ["with an unknown field", { tenant: "default", ...task(), promt: "x" }, "promt"],
    ["whose policy is not for its tenant", { tenant: "crm", ...task() }, "policy"],
  ])(
    "sends a message %s to its dead letters with the reason, and lists it",
    async (_name, body, path) => {
      const { fleet, dead } = wayIn();
      expect(await deliver(fleet.env, "inbox", [body])).toEqual(["m0"]);
      expect(await rows()).toEqual([]);
      expect(dead).toMatchObject([{ v: 1, message_id: "m0" }]);
      expect(await deliver(fleet.env, "inbox-dlq", dead)).toEqual(["m0"]);
      await deliver(fleet.env, "inbox-dlq", dead);
      const tenant = path === "policy" ? "crm" : "default";
      const { results } = await env.DB.prepare("SELECT tenant, problem FROM inbox_dead").all();
      expect(results).toMatchObject([{ tenant }]);
      expect(String(results[0]?.problem)).toContain(`"path":"${path}"`);
      const listed = await send(fleet, "GET", "/v1/inbox/dead");
      const { messages } = await listed.json<{ messages: unknown[] }>();
      expect(messages).toHaveLength(tenant === "default" ? 1 : 0);
    },
  );

  it("lists what the platform gave up on too", async () => {
    const { fleet } = wayIn();
    await deliver(fleet.env, "flotilla-inbox-dlq-production", [{ tenant: "default", ...task() }]);
    const listed = await send(fleet, "GET", "/v1/inbox/dead");
    expect(await listed.json()).toMatchObject({
      messages: [
        { id: "m0", error: { code: "unavailable" }, received_at: "1970-01-01T00:00:05.000Z" },
      ],
    });
  });
});

describe("the binding Fleet", () => {
  it("has three methods and no other", () => {
    const own = Object.getOwnPropertyNames(Fleet.prototype).filter(
      (name) => name !== "constructor",
    );
    expect(own.sort()).toEqual(["get", "submit", "submitBatch"]);
  });

  it("submits a batch once for its key, and reads it", async () => {
    const { fleet } = wayIn();
    const { fleet: bound, context } = entrypoint(fleet.env);
    const batch = { tasks: [task({ custom_id: "a" }), task({ custom_id: "b" })] } as never;
    const first = await bound.submitBatch(batch, { idempotency_key: "k" });
    const again = await bound.submitBatch(batch, { idempotency_key: "k" });
    await waitOnExecutionContext(context);
    expect(await rows()).toHaveLength(2);
    if (!first.ok || !again.ok) throw new Error("refused");
    expect([first.fresh, again.fresh]).toEqual([true, false]);
    expect(await bound.get(String(first.value.id))).toMatchObject({ counts: { total: 2 } });
  });

  it("answers what is wrong as a value, and sees its own tenant alone", async () => {
    const { fleet } = wayIn();
    const mine = entrypoint(fleet.env).fleet;
    expect(await mine.submit({ promt: "x" } as never)).toMatchObject({
      ok: false,
      error: {
        code: "refused",
        details: expect.arrayContaining([{ path: "promt", message: expect.any(String) }]),
      },
    });
    const submitted = await mine.submit(task());
    if (!submitted.ok) throw new Error("refused");
    expect(await mine.get(submitted.value.id)).toMatchObject({ id: submitted.value.id });
    const others = entrypoint(fleet.env, { tenant: "crm" }).fleet;
    expect(await others.get(submitted.value.id)).toBeNull();
    await expect(entrypoint(fleet.env, { tenant: "../x" }).fleet.get("x")).rejects.toThrow("props");
  });
});

describe("mail", () => {
  it("puts its attachments into the workspace, and is one task however often it is delivered", async () => {
    const { fleet } = wayIn();
    expect(await mail(fleet.env)).toBeNull();
    expect(await mail(fleet.env)).toBeNull();
    const all = await rows();
    expect(all).toHaveLength(1);
    const { files } = JSON.parse(all[0]?.spec ?? "{}") as { files: Record<string, { r2: string }> };
    expect(Object.keys(files)).toEqual(["attachments/_sales_1.csv"]);
    const key = files["attachments/_sales_1.csv"]?.r2;
    expect(await (await env.OBJECTS.get(`inputs/default/${key}`))?.text()).toBe("a,b\n1,2\n");
    expect(await mail(fleet.env, { id: "2@acme" })).toBeNull();
    expect(await rows()).toHaveLength(2);
  });

  it.each<[string, Mail, RegExp]>([
    ["a stranger", { from: "eve@evil.example" }, /may not submit/],
    ["a stranger behind a permitted envelope", { header: "eve@evil.example" }, /may not submit/],
    ["a domain that only ends alike", { from: "eve@notacme.example" }, /may not submit/],
    ["another address", { to: "info@fleet.example" }, /takes no tasks/],
    ["too large a mail", { bytes: 10_000_001 }, /at most 10000000/],
    ["no subject, where the prompt is the subject", { subject: "" }, /prompt/],
  ])("of %s is rejected with the reason", async (_name, what, reason) => {
    const { fleet } = wayIn();
    expect(await mail(fleet.env, what)).toMatch(reason);
    expect(await rows()).toEqual([]);
  });

  describe("to a mailbox that answers", () => {
    const answering = JSON.stringify({
      [address]: {
        from: ["*@acme.example", address],
        template: { ...task(), prompt: "{{item.subject}}" },
        answer: true,
      },
    });
    const received = async (what: Mail) => {
      const { env: on } = testFleet({ FLEET_MAILBOXES: answering });
      expect(await mail(on, what)).toBeNull();
      return (await rows()).map(({ answer_to: to }) => (to === null ? null : JSON.parse(to)));
    };

    it("keeps whom to answer in the task's row, and only what a header may hold", async () => {
      const references = ["References: <a@x> junk <b@x>", "\t<c d@x> <e@x>"];
      expect(await received({ subject: "Say\tyes.", headers: references })).toEqual([
        {
          mailbox: address,
          to: "ann@acme.example",
          subject: "Say yes.",
          message_id: "<1@acme>",
          references: ["<a@x>", "<b@x>", "<e@x>"],
        },
      ]);
    });

    it.each<[string, Mail]>([
      ["that a program sent", { headers: ["Auto-Submitted: auto-generated"] }],
      ["of a list", { headers: ["List-Id: <all.acme.example>"] }],
      ["in bulk", { headers: ["Precedence: bulk"] }],
      ["that wants no automatic reply", { headers: ["X-Auto-Response-Suppress: DR, AutoReply"] }],
      ["of a mailer-daemon", { from: "MAILER-DAEMON@acme.example" }],
      ["of an address that nobody reads", { from: "no-reply+7@acme.example" }],
      ["of the mailbox itself", { from: address }],
    ])("makes a task of mail %s, and does not answer it", async (_name, what) => {
      expect(await received(what)).toEqual([null]);
    });

    it.each<[string, string]>([
      ["an absence notice", "Auto-Submitted: auto-replied (vacation)"],
      ["an older one", "Precedence: auto_reply"],
    ])("takes no work from %s, and rejects it not", async (_name, header) => {
      expect(await received({ headers: [header] })).toEqual([]);
    });

    it("answers mail that says it is no program's", async () => {
      expect(await received({ headers: ["Auto-Submitted: no"] })).toMatchObject([
        { to: "ann@acme.example" },
      ]);
    });
  });

  it("of a mailbox that does not say so is not answered", async () => {
    const { fleet } = wayIn();
    await mail(fleet.env);
    expect(await rows()).toMatchObject([{ answer_to: null }]);
  });

  it.each([
    ["me@acme.example", "ME@acme.example", true],
    ["*@acme.example", "any@acme.example", true],
    ["*@acme.example", "any@sub.acme.example", false],
    ["*", "any@acme.example", false],
  ])("%s lets %s write: %s", (allowed, sender, may) => {
    expect(mayWrite({ from: [allowed], template: {} }, sender)).toBe(may);
  });

  it("names attachments so that each is one path", () => {
    expect(safeNames(["a.csv", "a.csv", "..", null, "../../etc/passwd", "ü"])).toEqual([
      "a.csv",
      "2-a.csv",
      "attachment-3",
      "attachment-4",
      "_.._etc_passwd",
      "_",
    ]);
  });
});
