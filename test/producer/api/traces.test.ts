import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { objectKeys, putOnce, sha256Hex } from "../../../shared/files/objects.ts";
import { noUsage } from "../../../shared/spend/usage.ts";
import type { FileEntry, Step } from "../../../shared/task/step.ts";
import { type Manifest, writeTranscript } from "../../../shared/task/transcript.ts";
import { send, type TestFleet, task, testFleet } from "../client.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

async function blob(id: string, text: string): Promise<FileEntry> {
  const sha256 = await sha256Hex(bytesOf(text));
  await putOnce(env.OBJECTS, objectKeys.blob("default", id, sha256), text, "text/plain");
  return { sha256, bytes: text.length, source: "blob" };
}

const writeStep = (seq: number, files: Record<string, FileEntry | null>): Step => ({
  seq,
  fence: 1,
  name: "write_file",
  status: "done",
  started_at: 1_000,
  duration_ms: 5,
  usage: { ...noUsage, steps: seq, tool_calls: 1 },
  payload: {
    kind: "tool",
    call_id: "c",
    name: "write_file",
    arguments: { path: "x" },
    text: "ok",
    ok: true,
    files,
  },
});

async function submit(fleet: TestFleet, files = {}): Promise<string> {
  const answer = await send(fleet, "POST", "/v1/tasks", task({ files }));
  return (await answer.json<{ id: string }>()).id;
}

async function setRunning(id: string, steps: readonly Step[]): Promise<void> {
  await env.DB.prepare(
    "UPDATE tasks SET status = 'running', fence = 1, lease_until = 9e15 WHERE id = ?1",
  )
    .bind(id)
    .run();
  for (const step of steps) {
    await env.DB.prepare(
      `INSERT INTO steps (task_id, seq, fence, kind, name, status, started_at, duration_ms, payload, usage)
       VALUES (?1, ?2, 1, 'tool', ?3, 'done', 1000, 5, ?4, ?5)`,
    )
      .bind(id, step.seq, step.name, JSON.stringify(step.payload), JSON.stringify(step.usage))
      .run();
  }
}

async function setSucceeded(id: string, steps: readonly Step[], manifest: Manifest): Promise<void> {
  const transcript = objectKeys.transcript("default", id, 1);
  await putOnce(env.OBJECTS, transcript, writeTranscript(steps, manifest), "application/x-ndjson");
  const result = objectKeys.result("default", id, 1);
  const settled = { id, ...{ status: "succeeded", reason: "completed", custom_id: null } };
  const body = { ...settled, model: "rehearsal", attempt: 0, usage: {}, output: { text: "yes" } };
  await putOnce(env.OBJECTS, result, JSON.stringify(body), "application/json");
  await env.DB.prepare(
    `UPDATE tasks SET status = 'succeeded', reason = 'completed', fence = 1, sweep_at = NULL,
       result_key = ?2 WHERE id = ?1`,
  )
    .bind(id, result)
    .run();
}

interface FileList {
  files: { path: string; bytes: number; sha256: string }[];
}

const inputs = {
  "in.csv": { text: "a,b\n" },
  "gone.txt": { text: "gone" },
  "bin.dat": { base64: "AAEC" },
};

describe("the traces of a task", () => {
  it("traces are read from the journal while the task runs", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, inputs);
    const out = await blob(id, "report");
    await setRunning(id, [
      writeStep(1, { "out/report.md": out }),
      writeStep(2, { "gone.txt": null }),
    ]);
    const view = await send(fleet, "GET", `/v1/tasks/${id}`);
    expect(await view.json()).toMatchObject({
      status: "running",
      usage: { steps: 2, tool_calls: 1 },
    });
    const response = await send(fleet, "GET", "/v1/tasks?status=running");
    expect(await response.json()).toMatchObject({ tasks: [{ id, usage: { steps: 2 } }] });
    const steps = await send(fleet, "GET", `/v1/tasks/${id}/steps`);
    expect(await steps.json()).toMatchObject({
      steps: [
        {
          seq: 1,
          kind: "tool",
          name: "write_file",
          started_at: "1970-01-01T00:00:01.000Z",
          output: "ok",
        },
        { seq: 2 },
      ],
    });
    const files = await (await send(fleet, "GET", `/v1/tasks/${id}/files`)).json<FileList>();
    expect(files.files).toEqual([
      { path: "bin.dat", bytes: 3, sha256: await sha256Hex(new Uint8Array([0, 1, 2])) },
      { path: "in.csv", bytes: 4, sha256: await sha256Hex(bytesOf("a,b\n")) },
      { path: "out/report.md", bytes: 6, sha256: out.sha256 },
    ]);
    await env.DB.prepare("DELETE FROM tasks WHERE id = ?1").bind(id).run();
  });

  it("traces are read from R2 after the task has settled", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, inputs);
    const out = await blob(id, "report");
    const input: FileEntry = {
      sha256: await sha256Hex(bytesOf("a,b\n")),
      bytes: 4,
      source: "input",
    };
    await setSucceeded(id, [writeStep(1, { "out/a b.md": out })], {
      "in.csv": input,
      "out/a b.md": out,
    });
    const steps = await send(fleet, "GET", `/v1/tasks/${id}/steps`);
    expect(await steps.json()).toMatchObject({ steps: [{ seq: 1, duration_ms: 5 }] });
    const files = await (await send(fleet, "GET", `/v1/tasks/${id}/files`)).json<FileList>();
    expect(files.files.map((file) => file.path)).toEqual(["in.csv", "out/a b.md"]);
    const result = await send(fleet, "GET", `/v1/tasks/${id}/result`);
    expect(await result.json()).toMatchObject({ id, output: { text: "yes" } });
    const response = await send(fleet, "GET", `/v1/tasks/${id}/files/in.csv`);
    expect(await response.text()).toBe("a,b\n");
    const two = await send(fleet, "GET", `/v1/tasks/${id}/files/out/a%20b.md`);
    expect(new TextDecoder().decode(await two.arrayBuffer())).toBe("report");
    expect(Object.fromEntries(two.headers)).toMatchObject({
      "content-type": "application/octet-stream",
      "content-disposition": "attachment; filename*=UTF-8''a%20b.md",
      "x-content-type-options": "nosniff",
    });
    for (const path of [
      "gone.txt",
      "none",
      "../in.csv",
      "%2e%2e/in.csv",
      "__proto__",
      "constructor",
    ]) {
      const missing = await send(fleet, "GET", `/v1/tasks/${id}/files/${path}`);
      expect(missing.status).toBe(404);
    }
  });

  it("a task has no result before it has succeeded, and the error names its status", async () => {
    const fleet = testFleet();
    const id = await submit(fleet);
    const answer = await send(fleet, "GET", `/v1/tasks/${id}/result`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      error: { code: "no_result", message: expect.stringContaining("queued") },
    });
  });

  it("traces include the decisions of the gateway", async () => {
    const fleet = testFleet();
    const id = await submit(fleet);
    await env.DB.prepare(
      `INSERT INTO egress_log (task_id, seq, n, fence, tenant, at, method, url, host, action, policy,
         rule, reason, status, bytes_in, bytes_out, duration_ms)
       VALUES (?1, 2, 1, 1, 'default', 1000, 'GET', 'https://a.example/x', 'a.example', 'deny', 'demo',
         NULL, 'no_rule', NULL, 0, 0, 1)`,
    )
      .bind(id)
      .run();
    const answer = await send(fleet, "GET", `/v1/tasks/${id}/egress`);
    expect(await answer.json()).toEqual({
      decisions: [
        {
          at: "1970-01-01T00:00:01.000Z",
          method: "GET",
          url: "https://a.example/x",
          action: "deny",
          policy: "demo",
          rule: null,
          reason: "no_rule",
          credential: null,
          status: null,
          bytes_in: 0,
          bytes_out: 0,
          duration_ms: 1,
          step: 2,
        },
      ],
    });
  });
});
