/** Values that a service binding and a queue carry, and that are no JSON: each is an answer, never an exception. */
import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import producer from "../../../producer/index.ts";
import { Fleet } from "../../../producer/ingress/service_binding.ts";
import { RecordingQueue, task, testFleet } from "../client.ts";

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;
let nested: unknown = 1;
for (let level = 0; level < 100_000; level++) nested = [nested];
let deep: unknown = 1;
for (let level = 0; level < 80; level++) deep = [deep];

const hostile: [name: string, input: unknown][] = [
  ["a cycle", cyclic],
  ["a BigInt", 1n],
  ["100,000 levels", nested],
  ["80 levels", deep],
  ["2 MB of text", "x".repeat(2_000_000)],
  ["half of a surrogate pair", "\ud800"],
];

describe.each(hostile)("a task with %s", (_name, input) => {
  const fleet = testFleet();

  test("is refused over the binding Fleet", async () => {
    const entry = new Fleet(createExecutionContext() as never, fleet.env);
    const submitted = await entry.submit({ ...task(), input } as never);
    expect(submitted).toMatchObject({ ok: false, error: { message: expect.stringMatching(/./) } });
    const batch = await entry.submitBatch({ tasks: [{ ...task(), input }] } as never);
    expect(batch.ok).toBe(false);
  });

  test("goes from the inbox to its dead letters with the reason", async () => {
    const dead = new RecordingQueue();
    const { env: inboxEnv } = testFleet({ INBOX_DLQ: dead as unknown as Queue });
    const acked: string[] = [];
    const message = {
      id: "m0",
      timestamp: new Date(5_000),
      attempts: 1,
      body: { ...task(), tenant: "default", input },
      ack: () => void acked.push("m0"),
      retry: () => void acked.push("retry"),
    };
    await producer.queue({ queue: "inbox", messages: [message] } as never, inboxEnv);
    expect(acked).toEqual(["m0"]);
    expect(dead.sent).toHaveLength(1);
    expect(JSON.stringify(dead.sent)).toMatch(/"message":"[^"]+/);
  });
});

test("a task over the binding cannot name another tenant or inherit fields", async () => {
  const fleet = testFleet();
  const entry = new Fleet(createExecutionContext() as never, fleet.env);
  const inherited = Object.assign(Object.create({ tenant: "blue", policy: "secret" }), task());
  const submitted = await entry.submit(inherited);
  expect(submitted.ok).toBe(true);
  const row = await env.DB.prepare("SELECT tenant FROM tasks WHERE id = ?")
    .bind(submitted.ok ? submitted.value.id : "")
    .first();
  expect(row).toEqual({ tenant: "default" });
  expect(await entry.submit({ ...task(), tenant: "blue" } as never)).toMatchObject({ ok: false });
  for (const id of ["__proto__", "task_", "' OR 1=1 --", "\0"])
    expect(await entry.get(id)).toBeNull();
});
