import { describe, expect, test } from "vitest";
import { type FakeResponse, fakeFleet, fleet } from "../fake_fleet.ts";

/** Every route that the commands call, answered as another service would. */
const addresses = [
  "GET /healthz",
  "GET /v1/stats",
  "GET /v1/tasks",
  "GET /v1/tasks/task_1",
  "GET /v1/tasks/task_1/steps",
  "GET /v1/tasks/task_1/egress",
  "GET /v1/egress/hosts",
  "GET /v1/egress/tasks",
  "GET /v1/tasks/task_1/files",
  "GET /v1/batches/batch_1",
  "GET /v1/batches/batch_1/results",
  "POST /v1/tasks/task_1/cancel",
  "POST /v1/tasks/task_1/redrive",
  "POST /v1/batches/batch_1/redrive",
];
const commands = [
  ["list"],
  ["get", "task_1"],
  ["get", "batch_1"],
  ["steps", "task_1"],
  ["egress", "task_1"],
  ["egress", "--by-host"],
  ["egress", "--host", "a.example"],
  ["files", "task_1"],
  ["results", "batch_1"],
  ["watch", "task_1"],
  ["watch", "batch_1"],
  ["cancel", "task_1"],
  ["cancel", "batch_1"],
  ["redrive", "task_1"],
  ["redrive", "batch_1"],
];
const responses: [name: string, response: FakeResponse][] = [
  ["HTML", { text: "<html>" }],
  ["an empty body", { text: "" }],
  ["another object", { body: { ok: true } }],
  ["a list", { body: [{ id: 1 }] }],
  ["an error of another shape", { status: 404, body: { error: "not here" } }],
];

describe("a service that is not a fleet", () => {
  for (const [name, response] of responses) {
    const script = Object.fromEntries(addresses.map((address) => [address, response]));
    // A batch without results has no lines, so an empty body is a valid response.
    const checked = commands
      .filter(([command]) => name !== "an empty body" || command !== "results")
      .map((args) => ({ args, label: args.join(" ") }));
    test.each(checked)(`that answers ${name} is reported by fleet $label`, async ({ args }) => {
      const { url } = await fakeFleet(script);
      const result = await fleet([...args, "--url", url]);
      expect(result).toMatchObject({ code: 3, out: "" });
      expect(result.err.trim().split("\n").at(-1)).toContain("is not a Flotilla fleet");
    });

    test(`that answers ${name} is reported by fleet doctor`, async () => {
      const { url } = await fakeFleet(script);
      const result = await fleet(["doctor", "--url", url]);
      expect(result).toMatchObject({ code: 3, err: "" });
      expect(result.out).toMatch(/fleet +failed .*it is not a Flotilla fleet/);
    });
  }
});
