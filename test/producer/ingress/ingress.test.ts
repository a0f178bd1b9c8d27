import {
  createExecutionContext,
  createMessageBatch,
  waitOnExecutionContext,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import type { ProducerEnv } from "../../../producer/env.ts";
import producer from "../../../producer/index.ts";
import { Fleet, type FleetProps } from "../../../producer/ingress/service_binding.ts";
import { runDueTicks } from "../../../producer/schedules/tick.ts";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import { RecordingQueue, send, task, testFleet } from "../client.ts";
import { mailboxes, sendMail } from "./mail_message.ts";

function ingressFleet() {
  const dead = new RecordingQueue();
  const bindings = { INBOX_DLQ: dead as unknown as Queue, FLEET_MAILBOXES: mailboxes };
  const fleet = testFleet(bindings);
  return { fleet, dead: dead.sent as unknown as Record<string, unknown>[] };
}

/** Delivers messages of a queue to the producer. Returns the ids that it acknowledged. */
async function deliver(env: ProducerEnv, queue: string, bodies: readonly unknown[], id = "m") {
  const messages = bodies.map((body, n) => ({
    id: `${id}${n}`,
    timestamp: new Date(5_000),
    attempts: 1,
    body,
  }));
  const batch = createMessageBatch(queue, messages);
  const acked: string[] = [];
  for (const message of batch.messages) message.ack = () => void acked.push(message.id);
  await producer.queue(batch, env);
  return acked;
}

function entrypoint(env: ProducerEnv, props?: FleetProps) {
  const context = createExecutionContext();
  return { fleet: new Fleet(Object.assign(context, { props }) as never, env), context };
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

describe("the ways to submit a task", () => {
  const ways: Record<string, (fleet: ReturnType<typeof ingressFleet>["fleet"]) => Promise<void>> = {
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
      expect(await sendMail(fleet.env)).toBeNull();
    },
  };

  it.each(Object.entries(ways))(
    "a task submitted by %s gives the same row",
    async (_name, submit) => {
      const { fleet } = ingressFleet();
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
    },
  );
});

describe("the queue inbox", () => {
  it("a message gives one task, however often it is delivered, and so does an idempotency key", async () => {
    const { fleet, dead } = ingressFleet();
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
    ["that is not an object", "hello", "tenant"],
    ["without a tenant", task(), "tenant"],
    ["with an invalid tenant", { tenant: "../x", ...task() }, "tenant"],
    ["with an unknown field", { tenant: "default", ...task(), promt: "x" }, "promt"],
    ["whose policy is not for its tenant", { tenant: "crm", ...task() }, "policy"],
  ])(
    "a message %s goes to the dead-letter queue with the reason and is listed",
    async (_name, body, path) => {
      const { fleet, dead } = ingressFleet();
      expect(await deliver(fleet.env, "inbox", [body])).toEqual(["m0"]);
      expect(await rows()).toEqual([]);
      expect(dead).toMatchObject([{ v: 1, message_id: "m0" }]);
      expect(await deliver(fleet.env, "inbox-dlq", dead)).toEqual(["m0"]);
      await deliver(fleet.env, "inbox-dlq", dead);
      const tenant = path === "policy" ? "crm" : "default";
      const { results } = await env.DB.prepare("SELECT tenant, problem FROM inbox_dead").all();
      expect(results).toMatchObject([{ tenant }]);
      expect(String(results[0]?.problem)).toContain(`"path":"${path}"`);
      const response = await send(fleet, "GET", "/v1/inbox/dead");
      const { messages } = await response.json<{ messages: unknown[] }>();
      expect(messages).toHaveLength(tenant === "default" ? 1 : 0);
    },
  );

  it("a message that the platform gave up on is listed too", async () => {
    const { fleet } = ingressFleet();
    await deliver(fleet.env, "flotilla-inbox-dlq-production", [{ tenant: "default", ...task() }]);
    const response = await send(fleet, "GET", "/v1/inbox/dead");
    expect(await response.json()).toMatchObject({
      messages: [
        { id: "m0", error: { code: "unavailable" }, received_at: "1970-01-01T00:00:05.000Z" },
      ],
    });
  });
});

describe("the binding Fleet", () => {
  it("the binding has exactly three methods", () => {
    const methods = Object.getOwnPropertyNames(Fleet.prototype).filter(
      (name) => name !== "constructor",
    );
    expect(methods.sort()).toEqual(["get", "submit", "submitBatch"]);
  });

  it("a batch is submitted once per key and can be read", async () => {
    const { fleet } = ingressFleet();
    const { fleet: bound, context } = entrypoint(fleet.env);
    const batch = { tasks: [task({ custom_id: "a" }), task({ custom_id: "b" })] } as never;
    const first = await bound.submitBatch(batch, { idempotency_key: "k" });
    const second = await bound.submitBatch(batch, { idempotency_key: "k" });
    await waitOnExecutionContext(context);
    expect(await rows()).toHaveLength(2);
    if (!first.ok || !second.ok) throw new Error("rejected");
    expect([first.fresh, second.fresh]).toEqual([true, false]);
    expect(await bound.get(String(first.value.id))).toMatchObject({ counts: { total: 2 } });
  });

  it("a rejection is a value, and only the own tenant is visible", async () => {
    const { fleet } = ingressFleet();
    const ownFleet = entrypoint(fleet.env).fleet;
    expect(await ownFleet.submit({ promt: "x" } as never)).toMatchObject({
      ok: false,
      error: {
        code: "refused",
        details: expect.arrayContaining([{ path: "promt", message: expect.any(String) }]),
      },
    });
    const submitted = await ownFleet.submit(task());
    if (!submitted.ok) throw new Error("rejected");
    expect(await ownFleet.get(submitted.value.id)).toMatchObject({ id: submitted.value.id });
    const otherFleet = entrypoint(fleet.env, { tenant: "crm" }).fleet;
    expect(await otherFleet.get(submitted.value.id)).toBeNull();
    await expect(entrypoint(fleet.env, { tenant: "../x" }).fleet.get("x")).rejects.toThrow("props");
  });
});
