/** Calls that wait for a person when workers die, decisions race with releases, and tasks are redriven. */
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { type ApprovalRow, decideApprovals } from "../../../shared/store/approvals.ts";
import { claimTask } from "../../../shared/store/tasks/claims.ts";
import { writeSteps } from "../../../shared/store/tasks/journal.ts";
import { releaseTask } from "../../../shared/store/tasks/settlements.ts";
import { emptyLedgerEntry } from "../../../shared/store/usage/spend.ts";
import { approvalTerms } from "../../../shared/task/approval.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { send, testFleet } from "../../producer/client.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  testConsumer,
  toolCall,
} from "../harness.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const url = "https://orders.example/v1/orders";
const task: DurableTask = {
  prompt: "p",
  policy: "demo",
  approve: ["fetch_url"],
  rehearsal: [toolCall("fetch_url", { url, method: "POST" }), finalAnswer()],
};
const fleetConsumer = testConsumer({ SECRET_ORDERS_TOKEN: "s3cret-value-of-orders" });

/** A task that waits for its call. */
async function propose(fields: Partial<DurableTask> = {}): Promise<string> {
  await env.DB.prepare("UPDATE tasks SET not_before = 9e15 WHERE status = 'queued'").run();
  const id = await acceptTask({ ...task, ...fields });
  await deliverMessages(fleetConsumer, [id]);
  return id;
}

async function approvalOf(id: string): Promise<ApprovalRow> {
  const { results } = await env.DB.prepare("SELECT * FROM approvals WHERE task_id = ?1")
    .bind(id)
    .all<ApprovalRow>();
  const [row] = results;
  if (row === undefined || results.length > 1) throw new Error(`${results.length} calls of ${id}`);
  return row;
}

const approve = (id: string, edited: object | null = null) =>
  decideApprovals(env.DB, "default", [id], {
    status: "approved",
    edited: edited === null ? null : JSON.stringify(edited),
    note: null,
    decidedBy: null,
  });

const wake = (id: string) =>
  env.DB.prepare("UPDATE tasks SET lease_until = 0, not_before = NULL WHERE id = ?1")
    .bind(id)
    .run();

async function claim(id: string) {
  await wake(id);
  const { fence = 0 } = (await claimTask(env.DB, id, "{}")) ?? {};
  return { id, fence };
}

it("starts a call again with the arguments that a person wrote, not with the model's", async () => {
  const sent: string[] = [];
  vi.stubGlobal("fetch", async (input: string, init: RequestInit) => {
    sent.push(`${init.method} ${input}`);
    return Response.json({ ok: true });
  });
  const id = await propose({ on_uncertain: "retry" });
  const edited = { url: `${url}?checked=1`, method: "POST" };
  await approve((await approvalOf(id)).id, edited);
  // A worker starts the call and dies.
  const held = await claim(id);
  const last = (await readSteps(id)).at(-1);
  if (last?.payload.kind !== "model") throw new Error("the reply is not the last step");
  const call_id = last.payload.reply?.calls[0]?.id;
  const call = { kind: "tool", call_id, name: "fetch_url", arguments: edited, text: "", ok: false };
  const intent = {
    ...{ seq: last.seq + 1, kind: "tool" as const, name: "fetch_url", status: "intent" as const },
    ...{ started_at: 1, duration_ms: 0, payload: JSON.stringify(call), payload_key: null },
    usage: last.usage,
  };
  await writeSteps(env.DB, held, [intent], null);
  await wake(id);
  await deliverMessages(fleetConsumer, [id]);
  expect((await readRow(id)).status).toBe("succeeded");
  expect(sent).toEqual([`POST ${url}?checked=1`]);
});

it("keeps a decision that a person makes while a slice is about to wait again", async () => {
  const id = await propose();
  const row = await approvalOf(id);
  const held = await claim(id);
  await approve(row.id);
  await releaseTask(env.DB, held, {
    ...{ delayMs: 86_400_000, usageJson: "{}", quirksJson: "[]", errorJson: null },
    ledger: emptyLedgerEntry,
    proposal: { ...row, problem: null, terms: approvalTerms(), decided_at: null },
  });
  expect((await approvalOf(id)).status).toBe("approved");
  const { not_before, sweep_at } = await readRow(id);
  expect(not_before).toBeNull();
  expect(sweep_at).toBeLessThanOrEqual(Date.now() + 1_000);
});

it("is due at its deadline, also if its task was woken before", async () => {
  const id = await propose();
  const deadline = Date.now() + 600_000;
  await env.DB.prepare("UPDATE approvals SET deadline_at = ?2 WHERE task_id = ?1")
    .bind(id, deadline)
    .run();
  await wake(id);
  await deliverMessages(fleetConsumer, [id]);
  const row = await readRow(id);
  expect([row.status, row.not_before]).toEqual(["queued", deadline]);
});

it.each(["resume", "restart"])(
  "asks again after a redrive with `%s` of a task that no one decided on",
  async (mode) => {
    const id = await propose();
    await env.DB.prepare("UPDATE approvals SET deadline_at = 0 WHERE task_id = ?1").bind(id).run();
    await wake(id);
    await deliverMessages(fleetConsumer, [id]);
    expect((await readRow(id)).reason).toBe("approval_expired");
    await send(testFleet(), "POST", `/v1/tasks/${id}/redrive`, { mode });
    await deliverMessages(fleetConsumer, [id]);
    const [row, approval] = [await readRow(id), await approvalOf(id)];
    expect([row.status, approval.status, row.not_before]).toEqual([
      "queued",
      "pending",
      approval.deadline_at,
    ]);
  },
);
