import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { fakeFleet, fleet, taskWith, usage } from "../fake_fleet.ts";

describe("other commands", () => {
  test("get prints a task with its output, without escape sequences", async () => {
    const body = taskWith({
      output: { text: "fine \u001b]0;x\u0007\u202e" },
      quirks: ["json_repaired"],
    });
    const { url } = await fakeFleet({ "GET /v1/tasks/task_1": { body } });
    const result = await fleet(["get", "task_1", "--url", url]);
    expect(result.code).toBe(0);
    expect(result.out).toMatch(/status +succeeded, completed after 2.0 s/);
    expect(result.out).toMatch(/quirks +json_repaired/);
    expect(result.out.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  test("get fetches a large output from the result", async () => {
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1": { body: taskWith({ output: null }) },
      "GET /v1/tasks/task_1/result": { body: { output: { text: "large" } } },
    });
    expect((await fleet(["get", "task_1", "--url", url])).out).toContain("large");
  });

  test("`fleet get --json` prints the task as the API returns it", async () => {
    const body = taskWith({});
    const { url } = await fakeFleet({ "GET /v1/tasks/task_1": { body } });
    const result = await fleet(["get", "task_1", "--json", "--url", url]);
    expect(JSON.parse(result.out)).toEqual(body);
  });

  test("list reads more pages while there are fewer tasks than the limit", async () => {
    const page = (page: number, next: string | null) => ({
      body: { tasks: page === 0 ? [] : [taskWith({})], next_cursor: next },
    });
    const { url, received } = await fakeFleet({
      "GET /v1/tasks": [page(0, "task_b"), page(1, "task_a"), page(0, null)],
    });
    const result = await fleet(["list", "--status", "running", "--json", "--url", url]);
    expect(result.code).toBe(0);
    expect(result.out.trim().split("\n")).toHaveLength(1);
    const cursors = received.map(({ path }) => new URL(path, url).searchParams.get("cursor"));
    expect(cursors).toEqual([null, "task_b", "task_a"]);
  });

  test("list sends its filters and prints one line per task", async () => {
    const tasks = [taskWith({ custom_id: "a\u001b[1m\nb" })];
    const { url, received } = await fakeFleet({
      "GET /v1/tasks": { body: { tasks, next_cursor: null } },
    });
    const args = [
      "list",
      "--status",
      "dead",
      "--batch",
      "batch_1",
      "--label",
      "team=a=b",
      "--limit",
      "7",
      ...["--reason", "model_error", "--error-code", "model_rejected", "--custom-id", "row-1"],
      ...["--created-after", "2026-11-01T00:00:00Z", "--created-before", "2026-12-01T00:00:00Z"],
    ];
    const result = await fleet([...args, "--url", url]);
    const query = new URLSearchParams(received[0]?.path.split("?")[1]);
    expect(Object.fromEntries(query)).toEqual({
      status: "dead",
      batch_id: "batch_1",
      "label.team": "a=b",
      limit: "7",
      reason: "model_error",
      error_code: "model_rejected",
      custom_id: "row-1",
      created_after: "2026-11-01T00:00:00Z",
      created_before: "2026-12-01T00:00:00Z",
    });
    expect(result.out.trim().split("\n")).toHaveLength(2);
    expect(result.out).toContain("a b");
  });

  test("steps and egress print one row each", async () => {
    const step = {
      seq: 1,
      kind: "tool",
      name: "run_code",
      status: "done",
      started_at: "",
      duration_ms: 12,
      output: "42",
    };
    const decision = {
      at: "2026-01-01T00:00:00Z",
      method: "GET",
      url: "https://a.example/",
      action: "deny",
      policy: "default",
      rule: null,
      reason: "no_rule",
      status: null,
      bytes_in: 0,
      bytes_out: 0,
    };
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1/steps": { body: { steps: [step] } },
      "GET /v1/tasks/task_1/egress": { body: { decisions: [decision] } },
    });
    expect((await fleet(["steps", "task_1", "--url", url])).out).toMatch(
      /1 +tool +run_code +done +12 ms +42/,
    );
    expect((await fleet(["egress", "task_1", "--url", url])).out).toMatch(
      /deny .*no_rule .*https:\/\/a\.example\//,
    );
  });

  test("files lists a workspace and prints one file without escape sequences", async () => {
    const { url, received } = await fakeFleet({
      "GET /v1/tasks/task_1/files": {
        body: { files: [{ path: "out/a b.md", bytes: 12, sha256: "" }] },
      },
      "GET /v1/tasks/task_1/files/out/a%20b.md": { text: "# A\u001b[2J\n" },
    });
    expect((await fleet(["files", "task_1", "--url", url])).out).toMatch(/12 B +out\/a b\.md/);
    expect((await fleet(["files", "task_1", "out/a b.md", "--url", url])).out).toBe("# A\n");
    expect(received).toHaveLength(2);
  });

  test("`fleet files` with an unknown path names the command that lists the files", async () => {
    const message = 'this task has no file "nope": see GET /v1/tasks/task_1/files';
    const error = { code: "not_found", message };
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1/files/nope": { status: 404, body: { error } },
    });
    const { code, err } = await fleet(["files", "task_1", "nope", "--url", url]);
    expect([code, err]).toEqual([
      5,
      'fleet: this task has no file "nope": list its files with fleet files task_1\n',
    ]);
  });

  test("files -o prints 1 file in the singular", async () => {
    const files = [{ path: "a.txt", bytes: 1, sha256: "" }];
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1/files": { body: { files } },
      "GET /v1/tasks/task_1/files/a.txt": { text: "a" },
    });
    const folder = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "fleet-one-")), "out");
    const { out } = await fleet(["files", "task_1", "-o", folder, "--url", url]);
    expect(out).toBe(`1 file, 1 B, in ${folder}\n`);
    fs.rmSync(path.dirname(folder), { recursive: true });
  });

  test("files -o without a path saves the workspace in a new folder, and nothing outside it", async () => {
    const paths = ["a.txt", "d/b.bin", "../escape", "/abs", "d/../../up", "x\\y"];
    const { url } = await fakeFleet({
      "GET /v1/tasks/task_1/files": {
        body: { files: paths.map((name) => ({ path: name, bytes: 1, sha256: "" })) },
      },
      ...Object.fromEntries(
        ["a.txt", "d/b.bin"].map((name) => [
          `GET /v1/tasks/task_1/files/${name}`,
          { text: `of ${name}` },
        ]),
      ),
    });
    const base = fs.mkdtempSync(path.join(os.tmpdir(), "files-"));
    const folder = path.join(base, "out");
    const result = await fleet(["files", "task_1", "-o", folder, "--url", url]);
    expect(fs.readdirSync(base)).toEqual(["out"]);
    expect(fs.readFileSync(path.join(folder, "a.txt"), "utf8")).toBe("of a.txt");
    expect(fs.readFileSync(path.join(folder, "d/b.bin"), "utf8")).toBe("of d/b.bin");
    expect(result).toMatchObject({ code: 1, err: expect.stringContaining("../escape") });
    const second = await fleet(["files", "task_1", "-o", folder, "--url", url]);
    expect(second).toMatchObject({ code: 2, err: expect.stringContaining("it exists already") });
    fs.rmSync(base, { recursive: true });
  });

  test("cancel and redrive call the route of the task or the batch", async () => {
    const { url, received } = await fakeFleet({
      "POST /v1/tasks/task_1/cancel": { status: 202, body: taskWith({}) },
      "POST /v1/batches/batch_1/redrive": { status: 202, body: { redriven: 1 } },
    });
    expect(await fleet(["cancel", "task_1", "--url", url])).toMatchObject({ code: 0 });
    const args = [
      "redrive",
      "batch_1",
      "--mode",
      "restart",
      "--status",
      "dead,failed",
      "--overrides",
      '{"model":"m"}',
    ];
    expect(await fleet([...args, "--url", url])).toMatchObject({ code: 0 });
    expect(JSON.parse(received[1]?.body ?? "")).toEqual({
      mode: "restart",
      status: ["dead", "failed"],
      overrides: { model: "m" },
    });
  });

  test.each([
    [["redrive", "task_1", "--mode", "resume", "--status", "dead"], "this is one task"],
    [["redrive", "batch_1", "--mode", "resume", "--status", "succeeded"], "can be redriven"],
    [["redrive", "batch_1", "--mode", "resume", "--overrides", "[1]"], "must be a JSON object"],
    [["results", "task_1"], "is a task"],
    [["steps", "batch_1"], "is a batch"],
  ])("%j is a usage error", async (args, message) => {
    const result = await fleet(args);
    expect(result.code).toBe(2);
    expect(result.err).toContain(message);
  });

  test("results prints the lines of the API without a terminal", async () => {
    const line = {
      index: 0,
      custom_id: null,
      task_id: "task_1",
      status: "succeeded",
      reason: "completed",
      output: 1,
      error: null,
      usage,
    };
    const { url } = await fakeFleet({
      "GET /v1/batches/batch_1/results": { text: `${JSON.stringify(line)}\n` },
    });
    expect(JSON.parse((await fleet(["results", "batch_1", "--url", url])).out)).toEqual(line);
  });

  test("doctor reports the first failed check and exits 4 for a refused key", async () => {
    const error = { code: "unauthorized", message: "no such key" };
    const { url } = await fakeFleet({
      "GET /healthz": { body: { status: "ok" } },
      "GET /v1/stats": { status: 401, body: { error } },
    });
    const result = await fleet(["doctor", "--url", url]);
    expect(result.code).toBe(4);
    expect(result.out).toMatch(/fleet +ok/);
    expect(result.out).toMatch(/key +failed +no such key/);
  });

  test("doctor checks the health without a key", async () => {
    const { url, received } = await fakeFleet({ "GET /healthz": { status: 503, text: "{}" } });
    expect(await fleet(["doctor", "--url", url])).toMatchObject({ code: 3 });
    expect(received.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });
});
