import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { batchTaskRange } from "../../../shared/identity/ids.ts";
import { send, task, testFleet } from "../client.ts";
import { cronMinute, endTasks, getBatch, postBatch } from "./steps.ts";

describe("the webhook of a batch", () => {
  const policy = { rules: [{ host: "hooks.example", methods: ["POST"] }], secrets: ["HOOK_KEY"] };
  const FLEET_POLICIES = JSON.stringify({ webhooks: policy });
  const webhook = { url: "https://hooks.example/fleet", secret: "HOOK_KEY" };
  /** The policy of two tenants with this entry of its secrets. */
  const shared = (entry: unknown) =>
    JSON.stringify({
      webhooks: { ...policy, tenants: ["default", "acme"], secrets: [entry] },
    });

  it("the webhook of a batch is in the outbox exactly once after the batch is finished", async () => {
    const ownSecret = { name: "HOOK_KEY", tenants: ["default"], hosts: ["hooks.example"] };
    const fleet = testFleet({ FLEET_POLICIES: shared(ownSecret) });
    const { id } = await postBatch(fleet, { webhook, tasks: [task({ webhook })] });
    await endTasks(id, { status: "failed" });
    await Promise.all([cronMinute(fleet), cronMinute(fleet), getBatch(fleet, id)]);
    const { results } = await env.DB.prepare(
      "SELECT event, subject, state FROM webhooks ORDER BY event",
    ).all();
    expect(results).toEqual([
      { event: "batch.finished", subject: id, state: "waiting" },
      {
        event: "task.ended",
        subject: batchTaskRange(id).from.replace(/-$/, "-000000"),
        state: "waiting",
      },
    ]);
  });

  it.each<[string, object, string, string | undefined]>([
    [
      "a host that the policy does not list",
      { ...webhook, url: "https://other.example/" },
      "add a rule",
      FLEET_POLICIES,
    ],
    [
      "a secret that the policy does not list",
      { ...webhook, secret: "OTHER" },
      "does not list",
      FLEET_POLICIES,
    ],
    ["http", { ...webhook, url: "http://hooks.example/" }, "https", FLEET_POLICIES],
    ["a secret, with the default policy that lists none", webhook, "does not list", undefined],
    [
      "another tenant's secret",
      webhook,
      "for the tenant default",
      shared({ name: "HOOK_KEY", tenants: ["acme"] }),
    ],
    [
      "a secret that signs for another host",
      webhook,
      "does not list this host",
      shared({ name: "HOOK_KEY", tenants: ["default"], hosts: ["*.other.example"] }),
    ],
    [
      "a secret that two tenants share without saying so",
      webhook,
      "every tenant",
      shared("HOOK_KEY"),
    ],
  ])(
    "a webhook with %s is rejected at submission, for a batch and a task",
    async (_name, target, message, policies) => {
      const fleet = testFleet(policies === undefined ? {} : { FLEET_POLICIES: policies });
      const batch = await postBatch(fleet, { webhook: target, tasks: [task()] }, { status: 422 });
      expect(JSON.stringify(batch.error)).toContain(message);
      const single = await send(fleet, "POST", "/v1/tasks", task({ webhook: target }));
      expect(single.status).toBe(422);
      expect(await single.text()).toContain(message);
    },
  );
});

describe("dead webhooks", () => {
  it("dead webhooks are listed for their tenant and can be redelivered under their id", async () => {
    const queue = testFleet().tasks;
    const fleet = testFleet({ WEBHOOKS: queue as unknown as Queue });
    const insert = `INSERT INTO webhooks (id, tenant, event, subject, target, state, tries, last_error, created_at)
      VALUES (?1, ?2, 'task.ended', 'task_1', '{"url":"https://h.example/","secret":"S"}', 'dead', 9, 'HTTP 500', 1)`;
    await env.DB.batch([
      env.DB.prepare(insert).bind("hook_mine-1", "default"),
      env.DB.prepare(insert).bind("hook_foreign-1", "other"),
    ]);
    const list = await send(fleet, "GET", "/v1/webhooks/dead");
    expect((await list.json<{ webhooks: unknown[] }>()).webhooks).toMatchObject([
      { id: "hook_mine-1", url: "https://h.example/", last_error: "HTTP 500", tries: 9 },
    ]);
    expect((await send(fleet, "POST", "/v1/webhooks/hook_foreign-1/redeliver")).status).toBe(404);
    const second = await send(fleet, "POST", "/v1/webhooks/hook_mine-1/redeliver");
    expect(second.status).toBe(202);
    expect(queue.sent).toContainEqual(
      expect.objectContaining({ webhook_id: "hook_mine-1", tries: 0 }),
    );
    expect((await send(fleet, "POST", "/v1/webhooks/hook_mine-1/redeliver")).status).toBe(409);
  });
});
