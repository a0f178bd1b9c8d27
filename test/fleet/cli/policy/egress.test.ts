import { expect, test } from "vitest";
import { batchWith, fakeFleet, fleet } from "../fake_fleet.ts";

const decision = (task_id: string, time: string, custom_id: string | null = null) => ({
  task_id,
  custom_id,
  at: time,
  host: "a.example",
  method: "GET",
  url: `https://a.example/${time}`,
  action: "deny",
  policy: "default",
  rule: null,
  reason: "no_rule",
  status: null,
  bytes_in: 0,
  bytes_out: 0,
});
const batch = { "GET /v1/batches/batch_1": { body: batchWith({ succeeded: 2 }, "finished") } };

test("the decisions of a batch are read page by page and printed in the order of time", async () => {
  const { url, received } = await fakeFleet({
    ...batch,
    "GET /v1/egress": [
      { body: { decisions: [decision("task_2", "2", "row-2")], next_cursor: "c1" } },
      {
        body: { decisions: [decision("task_1", "3"), decision("task_1", "1")], next_cursor: null },
      },
    ],
  });
  const result = await fleet([
    "egress",
    "batch_1",
    "--host",
    "a.example",
    "--action",
    "deny",
    "--url",
    url,
  ]);
  expect(result.code).toBe(0);
  const rows = result.out.trim().split("\n").slice(1);
  expect(rows.map((row) => row.split(/ +/).slice(0, 2))).toEqual([
    ["1", "task_1"],
    ["2", "row-2"],
    ["3", "task_1"],
  ]);
  const queries = received.slice(1).map(({ path }) => new URL(path, url).searchParams);
  expect(queries.map((query) => Object.fromEntries(query))).toEqual([
    { limit: "500", batch_id: "batch_1", host: "a.example", action: "deny" },
    { limit: "500", batch_id: "batch_1", host: "a.example", action: "deny", cursor: "c1" },
  ]);
});

test("an unknown batch is an error, not an empty list", async () => {
  const { url } = await fakeFleet({});
  expect((await fleet(["egress", "batch_1", "--url", url])).code).toBe(5);
});

const hosts = [
  {
    host: "a.example",
    requests: 5,
    denied: 3,
    bytes_in: 12_000,
    bytes_out: 0,
    last_at: "2026-01-01T00:00:00.000Z",
    outcomes: [
      { action: "deny", reason: "no_rule", requests: 3 },
      { action: "inject", reason: "rule", requests: 1 },
      { action: "allow", reason: "timeout", requests: 1 },
    ],
  },
];

test("`--by-host` prints one row per host, with the outcomes of its requests", async () => {
  const { url, received } = await fakeFleet({
    ...batch,
    "GET /v1/egress/hosts": { body: { hosts, truncated: true, looked_at: 5, more: false } },
  });
  const result = await fleet(["egress", "batch_1", "--by-host", "--url", url]);
  expect(result.out).toMatch(/a\.example +5 +3 +12 kB +0 B +3 no_rule, 1 inject, 1 timeout/);
  expect(result.err).toContain("filter with --host or --action");
  expect(received[1]?.path).toContain("batch_id=batch_1");
  const json = await fleet(["egress", "batch_1", "--by-host", "--json", "--url", url]);
  expect(JSON.parse(json.out)).toEqual(hosts[0]);
});

test.each([
  ["a batch", ["batch_1"], "name a task"],
  ["everything", [], "name a batch or a task"],
])("`--by-host` of %s says that only the newest decisions are counted", async (_, ids, hint) => {
  const { url } = await fakeFleet({
    ...batch,
    "GET /v1/egress/hosts": { body: { hosts, truncated: false, looked_at: 20_000, more: true } },
  });
  const { code, err } = await fleet(["egress", ...ids, "--by-host", "--url", url]);
  expect([code, err]).toEqual([0, `only the newest 20k decisions are counted: ${hint}\n`]);
});

test("the tasks that requested a host are listed without an id", async () => {
  const { url, received } = await fakeFleet({
    "GET /v1/egress/tasks": {
      body: {
        tasks: [
          {
            task_id: "task_1",
            custom_id: "row-1",
            batch_id: null,
            requests: 2,
            denied: 1,
            bytes_in: 0,
            bytes_out: 0,
            first_at: "t0",
            last_at: "t1",
          },
        ],
        next_cursor: null,
      },
    },
  });
  const result = await fleet(["egress", "--host", "a.example", "--url", url]);
  expect(result.out).toMatch(/t1 +2 +1 +0 B +0 B +task_1 \(row-1\)/);
  expect(received[0]?.path).toContain("host=a.example");
});

test.each([
  [["egress"], "--host"],
  [["egress", "batch_1", "--action", "block"], "Allowed choices are allow, inject, deny"],
  [["egress", "x"], "ids start with task_ or batch_"],
])("%j is a usage error with a hint", async (args, message) => {
  const result = await fleet(args);
  expect(result.code).toBe(2);
  expect(result.err).toContain(message);
});
