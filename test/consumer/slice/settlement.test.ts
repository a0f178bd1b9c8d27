/** The bounds of a settlement, each at its value and one beyond it, and who keeps a model's slot. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, test, vi } from "vitest";
import { settledOutcome } from "../../../consumer/slice/outcome.ts";
import type { SliceResult } from "../../../consumer/slice/run_slice.ts";
import { settleTask } from "../../../consumer/slice/settlement.ts";
import { getText } from "../../../shared/files/objects.ts";
import { storeLimits } from "../../../shared/limits.ts";
import { noUsage } from "../../../shared/spend/usage.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { acceptTask, deliverMessages, readRow, testConsumer } from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** Settles a task as succeeded, with a journal and usage that are the same for all. */
async function settleWith(output: unknown, steps: readonly object[] = [], isComplete = false) {
  const id = await acceptTask({ prompt: "p" });
  const task = await claimTask(env.DB, id, "{}");
  const journal = { used: noUsage, steps, isComplete, heldCharges: [], mayHaveRows: false };
  const workspace = { manifest: async () => ({}) };
  const slice = { journal, workspace, quality: null } as unknown as SliceResult;
  if (task === null) throw new Error("not claimed");
  await settleTask(
    env as never,
    task,
    slice,
    settledOutcome("succeeded", "completed", null, output),
  );
  return readRow(id);
}

const bytesAround = async (row: { result_key: string | null }) =>
  new TextEncoder().encode((await getText(env.OBJECTS, row.result_key ?? "")) ?? "").length;

describe("a bound of the settlement", () => {
  test("a result of the maximum size succeeds, and one byte more fails", async () => {
    const overhead = await bytesAround(await settleWith(""));
    const room = storeLimits.resultBytesMax - overhead;
    expect((await settleWith("x".repeat(room))).result_bytes).toBe(storeLimits.resultBytesMax);
    const row = await settleWith("x".repeat(room + 1));
    expect([row.status, row.reason, row.result_key]).toEqual(["failed", "invalid_output", null]);
    expect(JSON.parse(row.error ?? "")).toMatchObject({ code: "result_too_large" });
  });

  test("an output of the maximum size is in the row, and one byte more is only in the result", async () => {
    const quotes = 2;
    const room = storeLimits.outputInlineBytesMax - quotes;
    expect((await settleWith("x".repeat(room))).output).toHaveLength(room + quotes);
    expect((await settleWith("x".repeat(room + 1))).output).toBeNull();
  });

  test("a transcript of the maximum size is in the row, and one byte more is in R2", async () => {
    const stepWith = (text: string) => [{ seq: 1, payload: { kind: "tool", text } }];
    const overhead = (await settleWith(1, stepWith(""), true)).transcript?.length ?? 0;
    const room = storeLimits.transcriptInlineCharsMax - overhead;
    expect(overhead).toBeGreaterThan(0);
    expect((await settleWith(1, stepWith("x".repeat(room)), true)).transcript).toHaveLength(
      storeLimits.transcriptInlineCharsMax,
    );
    expect((await settleWith(1, stepWith("x".repeat(room + 1)), true)).transcript).toBeNull();
  });
});

const later = () => new Response("later", { status: 429, headers: { "retry-after": "600" } });

describe("the slot at the model's governor", () => {
  test.each([
    ["is kept while the task waits long for a busy model", later, 0, 1],
    [
      "is released when the task waits long for another reason",
      () => new Response("interrupted", { status: 409 }),
      2,
      0,
    ],
    ["is released when the task settles", () => new Response("no", { status: 400 }), 0, 0],
  ])("%s", async (_name, reply, attempt, inProgress) => {
    vi.stubGlobal("fetch", async () => reply());
    const MODEL_BASE_URL = `http://${crypto.randomUUID()}.invalid/v1`;
    const governor = env.GOVERNOR.get(env.GOVERNOR.idFromName(`endpoint ${MODEL_BASE_URL}`));
    const on = testConsumer({ MODEL_BASE_URL, MODEL_RPM: "6000" });
    const id = await acceptTask({ prompt: "p", model: "m" }, { attempts: 9 });
    await env.DB.prepare("UPDATE tasks SET attempt = ?2 WHERE id = ?1").bind(id, attempt).run();
    await deliverMessages(on, [id], "tasks", "m");
    expect(await governor.snapshot(6_000)).toMatchObject({ inProgress });
  });
});
