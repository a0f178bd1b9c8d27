import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { batchTaskId, newBatchId } from "../../../shared/identity/ids.ts";
import { listEgressHosts } from "../../../shared/store/egress/egress_hosts.ts";
import { listEgress, listEgressTasks } from "../../../shared/store/egress/egress_list.ts";
import { type ErrorBody, send, testFleet } from "../client.ts";

const [older, newer] = [newBatchId(), newBatchId()].sort() as [string, string];
const first = batchTaskId(older, 0);
const second = batchTaskId(older, 1);
const thirdTask = batchTaskId(newer, 0);

interface DecisionRow {
  task: string;
  n?: number;
  host?: string;
  action?: string;
  reason?: string;
  tenant?: string;
  policy?: string;
}

let at = 1_000;
async function insertDecision({
  task,
  n = 1,
  host = "a.example",
  ...more
}: DecisionRow): Promise<void> {
  const { action = "allow", reason = "rule", tenant = "default", policy = "p" } = more;
  at += 1_000;
  await env.DB.prepare(
    `INSERT INTO egress_log (task_id, seq, n, fence, tenant, at, method, url, host, action, policy,
       rule, reason, status, bytes_in, bytes_out, duration_ms)
     VALUES (?1, 2, ?2, 1, ?3, ?4, 'GET', 'https://' || ?5 || '/', ?5, ?6, ?7, 0, ?8, 200, 10, 1, 1)`,
  )
    .bind(task, n, tenant, at, host, action, policy, reason)
    .run();
}

beforeAll(async () => {
  const fleet = testFleet();
  await insertDecision({ task: first });
  await insertDecision({ task: first, n: 2, host: "b.example", action: "deny", reason: "no_rule" });
  await insertDecision({ task: first, n: 3, host: "b.example", action: "deny", reason: "header" });
  await insertDecision({ task: second, host: "b.example:8443", action: "inject", policy: "q" });
  await insertDecision({ task: thirdTask, host: "b.example", action: "deny", reason: "no_rule" });
  await insertDecision({ task: thirdTask, n: 2, host: "xb.example" });
  await insertDecision({ task: thirdTask, n: 3, host: "a.example", tenant: "other" });
  expect((await send(fleet, "GET", "/healthz")).status).toBe(200);
});

interface Listed {
  decisions: { task_id: string; host: string; action: string }[];
  next_cursor: string | null;
}

async function get<T>(path: string): Promise<T> {
  const answer = await send(testFleet(), "GET", path);
  expect(answer.status).toBe(200);
  return answer.json<T>();
}

const brief = ({ decisions }: Listed) =>
  decisions.map(({ task_id, host, action }) => {
    const name = task_id === first ? "first" : task_id === second ? "second" : "third";
    return `${name} ${action} ${host}`;
  });

describe("a filter selects decisions of all tasks", () => {
  it.each([
    [
      "",
      [
        "third allow xb.example",
        "third deny b.example",
        "second inject b.example:8443",
        "first deny b.example",
        "first deny b.example",
        "first allow a.example",
      ],
    ],
    [`batch_id=${newer}`, ["third allow xb.example", "third deny b.example"]],
    [`task_id=${second}`, ["second inject b.example:8443"]],
    [
      "host=B.example",
      [
        "third deny b.example",
        "second inject b.example:8443",
        "first deny b.example",
        "first deny b.example",
      ],
    ],
    ["host=b.example:8443", ["second inject b.example:8443"]],
    [`action=deny&batch_id=${older}`, ["first deny b.example", "first deny b.example"]],
    ["policy=q", ["second inject b.example:8443"]],
    ["host=unknown.example", []],
  ])("?%s", async (query, listed) => {
    expect(brief(await get<Listed>(`/v1/egress?${query}`))).toEqual(listed);
  });

  it("pages contain every decision exactly once", async () => {
    const received: string[] = [];
    let cursor: string | null = "";
    for (let n = 0; cursor !== null && n < 10; n++) {
      const page: Listed = await get(
        `/v1/egress?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      expect(page.decisions.length).toBeLessThanOrEqual(2);
      received.push(...brief(page));
      cursor = page.next_cursor;
    }
    expect(received).toEqual(brief(await get<Listed>("/v1/egress")));
  });
});

it("one call lists the tasks that contacted a host", async () => {
  interface Tasks {
    tasks: { task_id: string }[];
    next_cursor: string | null;
  }
  const { tasks } = await get<Tasks>("/v1/egress/tasks?host=b.example");
  expect(tasks).toEqual([
    expect.objectContaining({
      task_id: thirdTask,
      requests: 1,
      denied: 1,
      bytes_in: 10,
      bytes_out: 1,
    }),
    expect.objectContaining({ task_id: second, requests: 1, denied: 0 }),
    expect.objectContaining({
      task_id: first,
      requests: 2,
      denied: 2,
      first_at: "1970-01-01T00:00:03.000Z",
      last_at: "1970-01-01T00:00:04.000Z",
    }),
  ]);
  const page = await get<Tasks>("/v1/egress/tasks?host=b.example&limit=2");
  expect(page.tasks).toHaveLength(2);
  const rest = await get<Tasks>(`/v1/egress/tasks?host=b.example&cursor=${page.next_cursor}`);
  expect(rest.tasks.map(({ task_id }) => task_id)).toEqual([first]);
});

it("the hosts of a batch are listed with the outcomes of their requests, most requests first", async () => {
  expect(await get(`/v1/egress/hosts?batch_id=${older}`)).toEqual({
    hosts: [
      {
        host: "b.example",
        requests: 2,
        denied: 2,
        bytes_in: 20,
        bytes_out: 2,
        last_at: "1970-01-01T00:00:04.000Z",
        outcomes: [
          { action: "deny", reason: "header", requests: 1 },
          { action: "deny", reason: "no_rule", requests: 1 },
        ],
      },
      expect.objectContaining({ host: "a.example", requests: 1, denied: 0 }),
      expect.objectContaining({ host: "b.example:8443", requests: 1 }),
    ],
    truncated: false,
    looked_at: 4,
    more: false,
  });
  expect(await get("/v1/egress/hosts?limit=1")).toMatchObject({
    hosts: [{ host: "b.example" }],
    truncated: true,
  });
});

it("a tenant sees only its own decisions", async () => {
  const filter = { range: null, host: null, action: null, policy: null };
  for (const list of [
    await listEgress(env.DB, "other", filter, null, 100),
    await listEgressTasks(env.DB, "other", filter, null, 100),
    (await listEgressHosts(env.DB, "other", filter, 100)).hosts,
  ]) {
    expect(list).toHaveLength(1);
  }
  expect(await listEgressHosts(env.DB, "other", filter, 100)).toMatchObject({ scanned: 1 });
  const rows = await listEgress(env.DB, "default", filter, null, 100);
  expect(rows).toHaveLength(6);
});

describe("the hosts of a long log come from its newest decisions", () => {
  const hostsOf = async (rows: number, overrides: object = {}) => {
    const filter = { range: null, host: null, action: null, policy: null, ...overrides };
    const { hosts, ...seen } = await listEgressHosts(env.DB, "default", filter, 100, rows);
    return { hosts: hosts.map(({ host, requests }) => `${requests} ${host}`), ...seen };
  };

  it("the response says how many decisions were read and whether there are older ones", async () => {
    expect(await hostsOf(2)).toEqual({
      hosts: ["1 b.example", "1 xb.example"],
      ...{ scanned: 2, more: true },
    });
    expect(await hostsOf(6)).toMatchObject({ scanned: 6, more: false });
    expect(await hostsOf(5)).toMatchObject({ scanned: 5, more: true });
  });

  it("a filter that matches few decisions does not read more of them", async () => {
    const narrow = { host: "a.example", action: "allow" };
    expect(await hostsOf(2, narrow)).toEqual({ hosts: [], scanned: 2, more: true });
    expect(await hostsOf(6, narrow)).toEqual({ hosts: ["1 a.example"], scanned: 6, more: false });
  });
});

it.each([
  ["batch_id=task_1", "batch_id"],
  ["task_id=1", "task_id"],
  [`task_id=${first}&batch_id=${older}`, "task_id"],
  ["host=https://a.example/x", "host"],
  ["host=", "host"],
  ["action=blocked", "action"],
  ["limit=0", "limit"],
  ["limit=501", "limit"],
  ["cursor=x", "cursor"],
  [`cursor=${first}.1.1`, "cursor"],
  [`cursor=${first}.1.1.x`, "cursor"],
  ["status=403", "status"],
])("an invalid query field is rejected by name: ?%s", async (query, path) => {
  const answer = await send(testFleet(), "GET", `/v1/egress?${query}`);
  expect(answer.status).toBe(422);
  expect((await answer.json<ErrorBody>()).error.details?.map((detail) => detail.path)).toEqual([
    path,
  ]);
});
