/** Scripts tell by the exit code what to do next. */
import { expect, test } from "vitest";
import { batchWith, fakeFleet, fleet, type Script } from "../fake_fleet.ts";

const failure = (status: number, code: string) => ({
  status,
  body: { error: { code, message: "m" } },
});
const batch = (body: object): Script => ({ "GET /v1/batches/batch_1": { body } });

test.each<[name: string, args: string[], script: Script | null, code: number]>([
  ["done", ["watch", "batch_1"], batch(batchWith({ succeeded: 1 }, "finished")), 0],
  ["tasks failed", ["watch", "batch_1"], batch(batchWith({ failed: 1 }, "finished")), 1],
  ["the server failed", ["list"], { "GET /v1/tasks": failure(500, "broken") }, 1],
  ["a wrong command line", ["list", "--limit", "x"], {}, 2],
  ["a rejected request", ["list"], { "GET /v1/tasks": failure(422, "refused") }, 2],
  ["no fleet answers", ["list"], null, 3],
  ["another service answers", ["list"], { "GET /v1/tasks": { text: "<html>" } }, 3],
  ["an unknown key", ["list"], { "GET /v1/tasks": failure(401, "unauthorized") }, 4],
  [
    "a key without the scope",
    ["cancel", "task_1"],
    { "POST /v1/tasks/task_1/cancel": failure(403, "forbidden") },
    4,
  ],
  ["a fleet that does not answer doctor", ["doctor"], null, 3],
  [
    "a key that doctor finds refused",
    ["doctor"],
    {
      "GET /healthz": { body: { status: "ok" } },
      "GET /v1/stats": failure(401, "unauthorized"),
    },
    4,
  ],
  ["an unknown task", ["get", "task_1"], {}, 5],
  ["an unknown batch", ["results", "batch_1"], {}, 5],
])("%s: fleet %j", async (_name, args, script, code) => {
  const url = script === null ? "http://127.0.0.1:1" : (await fakeFleet(script)).url;
  expect((await fleet([...args, "--url", url])).code).toBe(code);
});
