import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { closeDueBatches } from "../../producer/batches/close.ts";
import { batchTaskRange, newBatchId } from "../../shared/ids.ts";
import { lines, ndjson, send, type TestFleet, task, testFleet } from "./client.ts";

interface View {
  id: string;
  status: string;
  waiting?: boolean;
  counts: Record<string, number>;
  error: { code: string; message: string; details?: unknown[] } | null;
}

async function posted(fleet: TestFleet, body: unknown, status = 202): Promise<View> {
  const answer = await send(fleet, "POST", "/v1/batches", body);
  expect(answer.status).toBe(status);
  return answer.json<View>();
}

const source = (fleet: TestFleet) =>
  posted(fleet, { tasks: ["a", "b", "c"].map((name) => task({ custom_id: name })) });
const template = {
  prompt: "Check {{item.output.site}}.",
  custom_id: "{{item.custom_id}}",
  rehearsal: [{ text: "ok" }],
};

const read = async (fleet: TestFleet, id: string): Promise<View> =>
  (await send(fleet, "GET", `/v1/batches/${id}`)).json<View>();

const end = (id: string, status: string) =>
  env.DB.prepare(
    `UPDATE tasks SET status = ?3, reason = IIF(?3 = 'succeeded', 'completed', IIF(?3 = 'failed', 'no_progress', ?3)),
       sweep_at = NULL, finished_at = 5000, result_key = IIF(?3 = 'succeeded', 'k', NULL),
       output = IIF(?3 = 'succeeded', json_object('site', custom_id || '.example'), NULL)
     WHERE id >= ?1 AND id < ?2 AND status IN ('queued', 'running')`,
  )
    .bind(batchTaskRange(id).from, batchTaskRange(id).to, status)
    .run();

const everyMinute = async (fleet: TestFleet) => {
  await env.DB.prepare("UPDATE batches SET close_at = 0 WHERE close_at IS NOT NULL").run();
  await closeDueBatches(fleet.env);
};

async function specsOf(id: string): Promise<Record<string, unknown>[]> {
  const { results } = await env.DB.prepare("SELECT spec FROM tasks WHERE batch_id = ?1 ORDER BY id")
    .bind(id)
    .all<{ spec: string }>();
  return results.map(({ spec }) => JSON.parse(spec) as Record<string, unknown>);
}

describe("a batch that follows another", () => {
  it("ends with the reason when a result nests too deep to be a task's", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const whole = { ...template, prompt: "p", input: "{{item.output}}" };
    const next = await posted(fleet, { after: { batch: first.id }, template: whole });
    await end(first.id, "succeeded");
    await env.DB.prepare("UPDATE tasks SET output = ?2 WHERE id = ?1")
      .bind(`${batchTaskRange(first.id).from}000001`, `${"[".repeat(4_000)}${"]".repeat(4_000)}`)
      .run();
    await everyMinute(fleet);
    const { status, error } = await read(fleet, next.id);
    expect([status, error?.code]).toEqual(["finished", "refused"]);
    expect(error?.details).toMatchObject([{ line: 2, message: expect.stringContaining("deep") }]);
  });

  it("waits, then makes its tasks of the other's results", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const next = await posted(fleet, { after: { batch: first.id }, template });
    expect(next).toMatchObject({ status: "running", waiting: true, counts: { total: 0 } });
    await everyMinute(fleet);
    expect(await specsOf(next.id)).toEqual([]);
    await end(first.id, "succeeded");
    await everyMinute(fleet);
    expect(await read(fleet, next.id)).toMatchObject({
      waiting: false,
      counts: { total: 3, queued: 3 },
    });
    expect((await specsOf(next.id)).map(({ prompt }) => prompt)).toEqual([
      "Check a.example.",
      "Check b.example.",
      "Check c.example.",
    ]);
    await Promise.all([everyMinute(fleet), everyMinute(fleet)]);
    expect(await specsOf(next.id)).toHaveLength(3);
  });

  it("with lines of its own waits too, as JSON and as NDJSON", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const own = await posted(fleet, { after: { batch: first.id }, tasks: [task()] });
    const after = encodeURIComponent(JSON.stringify({ batch: first.id, status: ["failed"] }));
    const answer = await send(fleet, "POST", `/v1/batches?after=${after}`, lines([task()]), ndjson);
    const failed = await answer.json<View>();
    expect(await specsOf(own.id)).toEqual([]);
    await end(first.id, "succeeded");
    await everyMinute(fleet);
    expect(await specsOf(own.id)).toHaveLength(1);
    expect(await read(fleet, own.id)).toMatchObject({ counts: { queued: 1 }, error: null });
    expect(await read(fleet, failed.id)).toMatchObject({
      status: "cancelling",
      counts: { total: 1, queued: 1 },
      error: { code: "source_without_results" },
    });
  });

  it("of one that is finished starts at once", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    await end(first.id, "succeeded");
    const next = await posted(fleet, { after: { batch: first.id }, template });
    expect(await specsOf(next.id)).toHaveLength(3);
  });

  it.each([
    ["failed", async () => {}, "source_without_results"],
    [
      "was cancelled",
      async (fleet: TestFleet, id: string) =>
        void (await send(fleet, "POST", `/v1/batches/${id}/cancel`)),
      "source_cancelled",
    ],
  ])("that %s ends without running, and says why", async (_name, before, code) => {
    const fleet = testFleet();
    const first = await source(fleet);
    const next = await posted(fleet, { after: { batch: first.id }, template });
    await before(fleet, first.id);
    await end(first.id, code === "source_cancelled" ? "cancelled" : "failed");
    await everyMinute(fleet);
    await everyMinute(fleet);
    expect(await read(fleet, next.id)).toMatchObject({
      status: "finished",
      counts: { total: 0 },
      error: { code, message: expect.stringContaining(first.id) },
    });
  });

  it("whose template asks for what a result lacks makes no task, and lists the lines", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const asking = { ...template, prompt: "{{item.output.email}}" };
    const next = await posted(fleet, { after: { batch: first.id }, template: asking });
    await end(first.id, "succeeded");
    await everyMinute(fleet);
    const view = await read(fleet, next.id);
    expect(view).toMatchObject({ status: "finished", error: { code: "refused" } });
    expect(view.error?.details).toHaveLength(3);
  });

  it("is cancelled while it waits", async () => {
    const fleet = testFleet();
    const first = await source(fleet);
    const next = await posted(fleet, { after: { batch: first.id }, template });
    await send(fleet, "POST", `/v1/batches/${next.id}/cancel`);
    expect(await read(fleet, next.id)).toMatchObject({ status: "finished", counts: { total: 0 } });
    await end(first.id, "succeeded");
    await everyMinute(fleet);
    expect(await specsOf(next.id)).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a batch that is not there", { after: { batch: newBatchId() }, template }, "after.batch"],
    ["a template alone", { template }, "after"],
    ["tasks and a template", { template, tasks: [task()] }, "template"],
    ["neither", {}, "tasks"],
    [
      "a template that is no task",
      { after: { batch: "X" }, template: { promt: "x" } },
      "template.promt",
    ],
  ])("with %s is refused", async (_name, body, path) => {
    const fleet = testFleet();
    const { id } = await source(fleet);
    const named = JSON.parse(JSON.stringify(body).replace('"X"', JSON.stringify(id))) as object;
    const refused = await posted(fleet, named, 422);
    expect(JSON.stringify(refused.error?.details)).toContain(`"path":"${path}"`);
  });
});

describe("the webhook of a batch", () => {
  const policy = { rules: [{ host: "hooks.example", methods: ["POST"] }], secrets: ["HOOK_KEY"] };
  const FLEET_POLICIES = JSON.stringify({ webhooks: policy });
  const webhook = { url: "https://hooks.example/fleet", secret: "HOOK_KEY" };
  /** The policy of two tenants with this entry of its secrets. */
  const shared = (entry: unknown) =>
    JSON.stringify({
      webhooks: { ...policy, tenants: ["default", "acme"], secrets: [entry] },
    });

  it("stands in the outbox once it is finished, once each time", async () => {
    const mine = { name: "HOOK_KEY", tenants: ["default"], hosts: ["hooks.example"] };
    const fleet = testFleet({ FLEET_POLICIES: shared(mine) });
    const { id } = await posted(fleet, { webhook, tasks: [task({ webhook })] });
    await end(id, "failed");
    await Promise.all([everyMinute(fleet), read(fleet, id)]);
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
      "a secret that it does not list",
      { ...webhook, secret: "OTHER" },
      "does not list",
      FLEET_POLICIES,
    ],
    ["http", { ...webhook, url: "http://hooks.example/" }, "https", FLEET_POLICIES],
    ["the shipped policy, which lists nothing", webhook, "does not list", undefined],
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
    ["a secret that two tenants share unsaid", webhook, "every tenant's", shared("HOOK_KEY")],
  ])("of %s is refused at submission, of a task too", async (_name, told, message, policies) => {
    const fleet = testFleet(policies === undefined ? {} : { FLEET_POLICIES: policies });
    const batch = await posted(fleet, { webhook: told, tasks: [task()] }, 422);
    expect(JSON.stringify(batch.error)).toContain(message);
    const one = await send(fleet, "POST", "/v1/tasks", task({ webhook: told }));
    expect(one.status).toBe(422);
    expect(await one.text()).toContain(message);
  });
});

describe("dead webhooks", () => {
  it("are listed for their tenant, and sent again under their id", async () => {
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
    const again = await send(fleet, "POST", "/v1/webhooks/hook_mine-1/redeliver");
    expect(again.status).toBe(202);
    expect(queue.sent).toContainEqual(
      expect.objectContaining({ webhook_id: "hook_mine-1", tries: 0 }),
    );
    expect((await send(fleet, "POST", "/v1/webhooks/hook_mine-1/redeliver")).status).toBe(409);
  });
});
