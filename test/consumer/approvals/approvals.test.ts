/** The whole way of a call that waits for a person: proposed, decided over the API, run once. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { ApprovalResponse } from "../../../producer/api/approvals/responses.ts";
import type { DurableTask } from "../../../shared/task/task.ts";
import { send, testFleet } from "../../producer/client.ts";
import {
  acceptTask,
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  runTask,
  testConsumer,
  toolCall,
} from "../harness.ts";

const write = toolCall("write_file", { path: "a.txt", content: "one" });
const task = (fields: Partial<DurableTask> = {}): DurableTask => ({
  prompt: "p",
  approve: ["write_file"],
  rehearsal: [write, finalAnswer()],
  ...fields,
});

/** Runs the task until it waits, and reads the call that it waits for. */
async function propose(fields: Partial<DurableTask> = {}) {
  await env.DB.prepare("UPDATE tasks SET not_before = 9e15 WHERE status = 'queued'").run();
  const consumer = testConsumer();
  const id = await acceptTask(task(fields));
  await deliverMessages(consumer, [id]);
  const fleet = testFleet();
  const list = await send(fleet, "GET", `/v1/approvals?task_id=${id}`);
  const { approvals } = await list.json<{ approvals: ApprovalResponse[] }>();
  const decide = (body: object) => send(fleet, "POST", `/v1/approvals/${approvals[0]?.id}`, body);
  const proceed = async () => {
    await deliverMessages(consumer, [id]);
    return readRow(id);
  };
  return { id, consumer, approvals, decide, proceed, fleet };
}

const results = async (id: string) =>
  (await readSteps(id)).flatMap(({ payload, status }) =>
    payload.kind === "tool" && payload.name === "write_file" ? [[status, payload.text]] : [],
  );

describe("a call that needs approval", () => {
  it("waits without a message, a slot or an attempt, and is listed with its arguments", async () => {
    const { id, consumer, approvals } = await propose();
    const row = await readRow(id);
    expect([row.status, row.attempt, row.lease_until]).toEqual(["queued", 0, null]);
    expect(row.not_before).toBeGreaterThan(Date.now() + 86_000_000);
    expect(consumer.sent).toEqual([]);
    expect(await results(id)).toEqual([]);
    expect(approvals).toMatchObject([
      {
        task_id: id,
        tool: "write_file",
        arguments: { path: "a.txt", content: "one" },
        status: "pending",
        last_steps: [{ name: "rehearsal" }],
      },
    ]);
  });

  it("runs once after it was approved", async () => {
    const { id, decide, proceed } = await propose();
    const decided = await decide({ decision: "approve" });
    expect(await decided.json()).toMatchObject({ status: "approved", decided_by: null });
    expect((await proceed()).status).toBe("succeeded");
    expect(await results(id)).toMatchObject([["done", expect.any(String)]]);
  });

  it("runs with the arguments that a person wrote, and the model reads them", async () => {
    const { id, decide, proceed } = await propose();
    await decide({ decision: "approve", arguments: { path: "b.txt", content: "two" } });
    expect((await proceed()).status).toBe("succeeded");
    const [[status, text] = []] = await results(id);
    expect(status).toBe("done");
    expect(text).toMatch(/^A person approved this call with other arguments: {"path":"b.txt"/);
  });

  it("waits again if the arguments that a person wrote do not fit, and says why", async () => {
    const { id, decide, proceed, fleet, approvals } = await propose();
    await decide({ decision: "approve", arguments: { path: 1 } });
    expect((await proceed()).status).toBe("queued");
    const again = await send(fleet, "GET", `/v1/approvals/${approvals[0]?.id}`);
    expect(await again.json()).toMatchObject({
      status: "pending",
      problem: expect.stringMatching(/path/),
    });
    await decide({ decision: "approve" });
    expect((await proceed()).status).toBe("succeeded");
    expect((await results(id)).length).toBe(1);
  });

  it("is not run after it was denied: the model gets the note and continues", async () => {
    const { id, decide, proceed } = await propose();
    await decide({ decision: "deny", note: "Use another file." });
    expect((await proceed()).status).toBe("succeeded");
    expect(await results(id)).toMatchObject([
      ["refused", expect.stringMatching(/a person denied this call.*Use another file/)],
    ]);
  });

  it("ends the task after it was denied, if the task says so", async () => {
    const { decide, proceed } = await propose({ approval: { on_deny: "fail" } });
    await decide({ decision: "deny" });
    const row = await proceed();
    expect([row.status, row.reason]).toEqual(["failed", "approval_denied"]);
  });

  it("is decided once: a second decision is a conflict", async () => {
    const { decide } = await propose();
    await decide({ decision: "deny" });
    expect((await decide({ decision: "approve" })).status).toBe(409);
    expect((await decide({ decision: "deny" })).status).toBe(200);
  });

  it("of a cancelled task is never run", async () => {
    const { id, fleet, proceed } = await propose();
    await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    expect((await proceed()).status).toBe("cancelled");
    expect(await results(id)).toEqual([]);
    const list = await send(fleet, "GET", `/v1/approvals?task_id=${id}`);
    expect(await list.json()).toMatchObject({ approvals: [] });
  });

  it("is another call after a redrive from scratch", async () => {
    const { id, fleet, decide, proceed } = await propose({ approval: { on_deny: "fail" } });
    await decide({ decision: "deny" });
    await proceed();
    await send(fleet, "POST", `/v1/tasks/${id}/redrive`, { mode: "restart" });
    expect((await proceed()).status).toBe("queued");
    const list = await send(fleet, "GET", `/v1/approvals?task_id=${id}`);
    expect((await list.json<{ approvals: unknown[] }>()).approvals).toHaveLength(1);
  });
});

describe("a call that no one decides on", () => {
  const expire = (id: string) =>
    env.DB.batch([
      env.DB.prepare("UPDATE approvals SET deadline_at = 0 WHERE task_id = ?1").bind(id),
      env.DB.prepare("UPDATE tasks SET not_before = NULL WHERE id = ?1").bind(id),
    ]);

  it.each([
    ["fail", ["failed", "approval_expired"], []],
    ["deny", ["succeeded", "completed"], [["refused", expect.stringMatching(/No one decided/)]]],
    ["approve", ["succeeded", "completed"], [["done", expect.any(String)]]],
  ] as const)("ends as `on_timeout: %s` says", async (on_timeout, end, calls) => {
    const { id, proceed, decide } = await propose({ approval: { on_timeout } });
    await expire(id);
    expect((await decide({ decision: "approve" })).status).toBe(409);
    const row = await proceed();
    expect([row.status, row.reason]).toEqual(end);
    expect(await results(id)).toEqual(calls);
  });
});

describe("what needs approval", () => {
  const asked = async (fields: Partial<DurableTask>) => {
    const { approvals } = await propose(fields);
    return approvals.map(({ tool }) => tool);
  };

  it("with `effects` are requests other than GET and HEAD", async () => {
    const post = toolCall("fetch_url", { url: "https://a.example/", method: "POST" });
    const get = toolCall("fetch_url", { url: "https://a.example/" });
    expect(await asked({ approve: "effects", rehearsal: [post, finalAnswer()] })).toEqual([
      "fetch_url",
    ]);
    expect(await asked({ approve: "effects", rehearsal: [get, finalAnswer()] })).toEqual([]);
    expect(await asked({ approve: "effects", rehearsal: [write, finalAnswer()] })).toEqual([]);
  });

  it("cannot be called from a program: the call answers `approval_required`", async () => {
    const code = `try { await write_file({ path: "a.txt", content: "x" }) } catch (e) { console.log(e.message) }`;
    const row = await runTask(task({ rehearsal: [toolCall("run_code", { code }), finalAnswer()] }));
    expect(row.status).toBe("succeeded");
    const step = (await readSteps(row.id)).find(({ name }) => name === "run_code");
    expect(step?.payload.kind === "tool" && step.payload.text).toMatch(/approval_required/);
  });
});

describe("many calls", () => {
  it("are decided by a filter, after a dry run that only counts them", async () => {
    const one = await propose();
    const two = await propose();
    const body = { tool: "write_file", decision: "approve" };
    const dry = await send(one.fleet, "POST", "/v1/approvals", { ...body, dry_run: true });
    const { matched } = await dry.json<{ matched: number }>();
    expect(matched).toBeGreaterThanOrEqual(2);
    const other = await send(one.fleet, "POST", "/v1/approvals", { ...body, tool: "run_code" });
    expect(await other.json()).toEqual({ matched: 0, decided: 0 });
    const decided = await send(one.fleet, "POST", "/v1/approvals", body);
    expect(await decided.json()).toEqual({ matched, decided: matched });
    expect((await one.proceed()).status).toBe("succeeded");
    expect((await two.proceed()).status).toBe("succeeded");
  });
});
