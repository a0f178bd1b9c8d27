import { describe, expect, test } from "vitest";
import { type FakeAnswer, fakeFleet, fleet } from "./fake_fleet.ts";

/** Each address that a command asks, answered as another service would. */
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
const answers: [name: string, answer: FakeAnswer][] = [
  ["HTML", { text: "<html>" }],
  ["an empty body", { text: "" }],
  ["another object", { body: { ok: true } }],
  ["a list", { body: [{ id: 1 }] }],
  ["an error of another shape", { status: 404, body: { error: "not here" } }],
];

describe("another service is told from a fleet", () => {
  for (const [name, answer] of answers) {
    const script = Object.fromEntries(addresses.map((address) => [address, answer]));
    // An empty batch has no result, so no line at all is an answer of a fleet.
    const asked = commands
      .filter(([command]) => name !== "an empty body" || command !== "results")
      .map((words) => ({ words, spelled: words.join(" ") }));
    test.each(asked)(`that answers ${name}: fleet $spelled`, async ({ words }) => {
      const { url } = await fakeFleet(script);
      const ran = await fleet([...words, "--url", url]);
      expect(ran).toMatchObject({ code: 1, out: "" });
      expect(ran.err.trim().split("\n").at(-1)).toContain("this is no fleet");
    });

    test(`that answers ${name}: fleet doctor`, async () => {
      const { url } = await fakeFleet(script);
      const ran = await fleet(["doctor", "--url", url]);
      expect(ran).toMatchObject({ code: 1, err: "" });
      expect(ran.out).toMatch(/fleet +failed .*this is no fleet/);
    });
  }
});
