import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { objectKeys } from "../../../shared/files/objects.ts";
import { workspaceLimits } from "../../../shared/limits.ts";
import { countTasks, expectRejected, lines, ndjson, send, task, testFleet } from "../client.ts";

const naming = (key: string) => task({ files: { "a b.csv": { r2: key }, "b.csv": { text: "x" } } });

describe("a task that names an upload", () => {
  it("a task is accepted if its upload exists", async () => {
    await env.OBJECTS.put(objectKeys.input("default", "in/a.csv"), "a");
    const response = await send(testFleet(), "POST", "/v1/tasks", naming("in/a.csv"));
    expect(response.status).toBe(202);
  });

  it("a task is rejected if its upload is missing, with the path of the file", async () => {
    const { status, error } = await expectRejected("POST", "/v1/tasks", naming("in/missing.csv"));
    expect(status).toBe(422);
    expect(error.details).toEqual([
      {
        path: 'files["a b.csv"].r2',
        message: "no such input: upload it first with PUT /v1/inputs/in/missing.csv",
      },
    ]);
  });

  it("a task is rejected if its upload is larger than a file may be", async () => {
    const bytes = new Uint8Array(workspaceLimits.fileBytesMax + 1);
    await env.OBJECTS.put(objectKeys.input("default", "in/large.bin"), bytes);
    const { status, error } = await expectRejected("POST", "/v1/tasks", naming("in/large.bin"));
    expect([status, error.details?.[0]?.message]).toEqual([
      422,
      expect.stringContaining(`has ${bytes.byteLength} bytes`),
    ]);
  });

  it("a task cannot use another tenant's upload", async () => {
    await env.OBJECTS.put(objectKeys.input("other", "in/theirs.csv"), "a");
    expect((await expectRejected("POST", "/v1/tasks", naming("in/theirs.csv"))).status).toBe(422);
  });

  it("a task that is sent again under its key is found even if its upload was deleted", async () => {
    const fleet = testFleet();
    const key = objectKeys.input("default", "in/brief.csv");
    await env.OBJECTS.put(key, "a");
    const headers = { "idempotency-key": "names-an-upload" };
    await send(fleet, "POST", "/v1/tasks", naming("in/brief.csv"), headers);
    await env.OBJECTS.delete(key);
    const second = await send(fleet, "POST", "/v1/tasks", naming("in/brief.csv"), headers);
    expect(second.status).toBe(200);
  });

  it("a batch is accepted without a check of its tasks' uploads", async () => {
    const before = await countTasks();
    const response = await send(
      testFleet(),
      "POST",
      "/v1/batches",
      lines([naming("in/missing.csv")]),
      ndjson,
    );
    expect([response.status, await countTasks()]).toEqual([202, before + 1]);
  });
});
