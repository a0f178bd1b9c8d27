import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { workspaceLimits } from "../../shared/limits.ts";
import { objectKeys } from "../../shared/objects.ts";
import { countTasks, lines, ndjson, refused, send, task, testFleet } from "./client.ts";

const naming = (key: string) => task({ files: { "a b.csv": { r2: key }, "b.csv": { text: "x" } } });

describe("a task that names an upload", () => {
  it("is accepted when the upload is there", async () => {
    await env.OBJECTS.put(objectKeys.input("default", "in/a.csv"), "a");
    const answer = await send(testFleet(), "POST", "/v1/tasks", naming("in/a.csv"));
    expect(answer.status).toBe(202);
  });

  it("is refused when it is not, by the file that names it", async () => {
    const { status, error } = await refused("POST", "/v1/tasks", naming("in/gone.csv"));
    expect(status).toBe(422);
    expect(error.details).toEqual([
      {
        path: 'files["a b.csv"].r2',
        message: "no such input: upload it first with PUT /v1/inputs/in/gone.csv",
      },
    ]);
  });

  it("is refused when it is larger than a file may be", async () => {
    const bytes = new Uint8Array(workspaceLimits.fileBytesMax + 1);
    await env.OBJECTS.put(objectKeys.input("default", "in/large.bin"), bytes);
    const { status, error } = await refused("POST", "/v1/tasks", naming("in/large.bin"));
    expect([status, error.details?.[0]?.message]).toEqual([
      422,
      expect.stringContaining(`holds ${bytes.byteLength} bytes`),
    ]);
  });

  it("does not find another tenant's upload", async () => {
    await env.OBJECTS.put(objectKeys.input("other", "in/theirs.csv"), "a");
    expect((await refused("POST", "/v1/tasks", naming("in/theirs.csv"))).status).toBe(422);
  });

  it("and is sent again under its key is found though the upload is gone since", async () => {
    const fleet = testFleet();
    const key = objectKeys.input("default", "in/brief.csv");
    await env.OBJECTS.put(key, "a");
    const headers = { "idempotency-key": "names-an-upload" };
    await send(fleet, "POST", "/v1/tasks", naming("in/brief.csv"), headers);
    await env.OBJECTS.delete(key);
    const again = await send(fleet, "POST", "/v1/tasks", naming("in/brief.csv"), headers);
    expect(again.status).toBe(200);
  });

  it("in a batch is left to its run", async () => {
    const before = await countTasks();
    const answer = await send(
      testFleet(),
      "POST",
      "/v1/batches",
      lines([naming("in/gone.csv")]),
      ndjson,
    );
    expect([answer.status, await countTasks()]).toEqual([202, before + 1]);
  });
});
