import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { objectKeys } from "../../../shared/files/objects.ts";
import type { TaskRow } from "../../../shared/store/tasks/task_row.ts";
import { storesKilledAt } from "../../consumer/faulty_stores.ts";
import {
  deliverMessages,
  finalAnswer,
  readRow,
  readSteps,
  testConsumer,
  toolCall,
} from "../../consumer/harness.ts";
import { send, type TestFleet, task, testFleet } from "../client.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

const error = (status: number) => ({ error: { status, code: "x", message: "no" } });
const list = toolCall("list_files", {});
const nowhere = toolCall("teleport", {});

async function submit(fleet: TestFleet, body: Record<string, unknown>): Promise<string> {
  const response = await send(fleet, "POST", "/v1/tasks", task(body));
  expect(response.status).toBe(202);
  return (await response.json<{ id: string }>()).id;
}

/** Delivers until the task settles, without its delays. */
async function settle(id: string, on = testConsumer()): Promise<TaskRow> {
  for (let n = 0; n < 10; n++) {
    await deliverMessages(on, [id]);
    const row = await readRow(id);
    if (row.finished_at !== null) return row;
    await env.DB.prepare("UPDATE tasks SET not_before = NULL, lease_until = 0 WHERE id = ?1")
      .bind(id)
      .run();
  }
  throw new Error(`${id} does not settle`);
}

const redrive = (fleet: TestFleet, id: string, overrides?: object, mode = "resume") =>
  send(fleet, "POST", `/v1/tasks/${id}/redrive`, {
    mode,
    ...(overrides === undefined ? {} : { overrides }),
  });

async function resume(fleet: TestFleet, id: string, overrides?: object): Promise<TaskRow> {
  const response = await redrive(fleet, id, overrides);
  expect([response.status, await response.text()]).toEqual([202, expect.anything()]);
  return settle(id);
}

const names = async (id: string) => (await readSteps(id)).map(({ name }) => name);
const dying = { attempts: 2, rehearsal: [list, error(503), error(503), finalAnswer()] };

describe("a resumed task", () => {
  it("a resumed task continues after its last step, with its usage and new attempts", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, dying);
    const dead = await settle(id);
    expect([dead.status, dead.attempt]).toEqual(["dead", 2]);
    const queued = await (await redrive(fleet, id)).json();
    expect(queued).toMatchObject({ status: "queued", attempt: 0, usage: { model_calls: 3 } });
    const live = await send(fleet, "GET", `/v1/tasks/${id}/steps`);
    expect((await live.json<{ steps: unknown[] }>()).steps).toHaveLength(4);
    const row = await settle(id);
    expect([row.status, row.attempt, row.errors]).toEqual(["succeeded", 0, "[]"]);
    expect(JSON.parse(row.usage)).toMatchObject({ model_calls: 4, tool_calls: 1, steps: 5 });
    const steps = await readSteps(id);
    expect(steps.map(({ seq, name }) => `${seq} ${name}`)).toEqual([
      "1 rehearsal",
      "2 list_files",
      "3 rehearsal",
      "4 rehearsal",
      "5 rehearsal",
    ]);
  });

  it("the history lists how each run was redriven, with the names of the overrides but not their values", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, dying);
    await settle(id);
    await resume(fleet, id, {
      prompt: "Other words.",
      limits: { steps: 90 },
      rehearsal: [...dying.rehearsal.slice(0, 3), error(400)],
    });
    await redrive(fleet, id, undefined, "restart");
    const { history } = await (await send(fleet, "GET", `/v1/tasks/${id}`)).json<{
      history: object[];
    }>();
    const time = expect.stringMatching(/^\d{4}-.*Z$/);
    expect(history).toMatchObject([
      {
        status: "dead",
        resumed_from: null,
        errors: [
          { attempt: 1, code: "model_unavailable", class: "retry", at: time },
          { attempt: 2, code: "model_unavailable", class: "retry", at: time },
        ],
        redriven: { mode: "resume", at: time, overrides: ["limits.steps", "prompt", "rehearsal"] },
      },
      { status: "failed", redriven: { mode: "restart", at: time, overrides: [] } },
    ]);
    expect(JSON.stringify(history)).not.toContain("Other words");
  });

  it.each<[string, object[]]>([
    ["the model rejected permanently", [error(400)]],
    ["useless replies ended", Array.from({ length: 9 }, () => nowhere)],
    ["a loop ended", Array.from({ length: 20 }, () => list)],
    ["a missing rehearsal turn ended", [list]],
  ])(
    "a task that %s calls the model again when it is resumed, with every tool",
    async (_case, turns) => {
      const fleet = testFleet();
      const id = await submit(fleet, { rehearsal: turns });
      expect((await settle(id)).status).toBe("failed");
      const settledSteps = await readSteps(id);
      const playedSteps = settledSteps.filter(
        ({ payload }) => payload.kind === "model" && payload.reply !== null,
      );
      const moreTurns = [toolCall("write_file", { path: "a", content: "1" }), finalAnswer()];
      const rehearsal = [...turns.slice(0, Math.max(1, playedSteps.length)), ...moreTurns];
      const row = await resume(fleet, id, { rehearsal });
      expect([row.status, row.error]).toEqual(["succeeded", null]);
      const steps = await readSteps(id);
      expect(steps.slice(0, settledSteps.length)).toEqual(settledSteps);
      expect(steps.slice(settledSteps.length).map(({ name }) => name)).toEqual([
        "rehearsal",
        "write_file",
        "rehearsal",
      ]);
    },
  );

  it("a task in finalisation works on with a larger budget", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, {
      limits: { model_calls: 2, tokens: 90_000 },
      rehearsal: [list, list, toolCall("write_file", { path: "a", content: "1" }), finalAnswer()],
    });
    expect((await settle(id)).reason).toBe("budget_model_calls");
    const row = await resume(fleet, id, { limits: { model_calls: 6 } });
    expect(row.status).toBe("succeeded");
    expect(JSON.parse(row.spec ?? "").limits).toEqual({ model_calls: 6, tokens: 90_000 });
    expect(await names(id)).toContain("write_file");
  });

  it("a task that settled before its first step starts from there", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, {});
    await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    expect((await settle(id)).status).toBe("cancelled");
    expect((await resume(fleet, id)).status).toBe("succeeded");
    expect(await names(id)).toEqual(["rehearsal"]);
  });

  it("a resumed task keeps its files while it is queued and after it ends", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, {
      files: { in: { text: "input" } },
      attempts: 1,
      rehearsal: [
        toolCall("write_file", { path: "a", content: "x".repeat(9_000) }),
        error(500),
        toolCall("read_file", { path: "a" }),
        finalAnswer(),
      ],
    });
    await settle(id);
    await redrive(fleet, id);
    const files = async () => {
      const response = await send(fleet, "GET", `/v1/tasks/${id}/files`);
      return (await response.json<{ files: { path: string; bytes: number }[] }>()).files;
    };
    const expected = [
      { path: "a", bytes: 9_000 },
      { path: "in", bytes: 5 },
    ];
    expect(await files()).toMatchObject(expected);
    await settle(id);
    expect(await files()).toMatchObject(expected);
  });

  it("another model continues a resumed task with the whole conversation", async () => {
    const requests: { role: string; tool_call_id?: string; tool_calls?: { id: string }[] }[][] = [];
    vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
      requests.push(JSON.parse(String(init.body)).messages);
      const message = { role: "assistant", content: "done" };
      return Response.json({ choices: [{ finish_reason: "stop", message }], usage: {} });
    });
    const url = { MODEL_BASE_URL: "http://model.invalid/v1" };
    const fleet = testFleet(url);
    const { rehearsal } = dying;
    const id = await submit(fleet, { ...dying, model: "rehearsal", rehearsal });
    await settle(id);
    const spec = JSON.parse((await readRow(id)).spec ?? "") as object;
    await env.DB.prepare("UPDATE tasks SET spec = ?2 WHERE id = ?1")
      .bind(id, JSON.stringify({ ...spec, rehearsal: undefined }))
      .run();
    const response = await redrive(fleet, id, { model: "m2", prompt: "In other words." });
    expect(response.status).toBe(202);
    expect((await settle(id, testConsumer(url))).status).toBe("succeeded");
    const [messages] = requests;
    expect(JSON.stringify(messages?.[1])).toContain("In other words.");
    const call = messages?.find(({ tool_calls }) => tool_calls !== undefined);
    const result = messages?.find(({ role }) => role === "tool");
    expect(result?.tool_call_id).toBe(call?.tool_calls?.[0]?.id);
  });
});

describe("a redrive in mode resume", () => {
  it("a task that is resumed twice keeps the steps of all runs", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, {
      attempts: 1,
      rehearsal: [list, error(500), list, error(500), finalAnswer()],
    });
    await settle(id);
    expect((await resume(fleet, id)).status).toBe("dead");
    const row = await resume(fleet, id);
    expect([row.status, row.resumed_from]).toEqual(["succeeded", row.fence - 2]);
    const firstRun = ["rehearsal", "list_files", "rehearsal"];
    expect(await names(id)).toEqual([...firstRun, ...firstRun, "rehearsal"]);
    const seqs = (await readSteps(id)).map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.map((_, n) => n + 1));
  });

  it("a restart after a resume starts from scratch, with the first rehearsal turn", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, {
      attempts: 1,
      rehearsal: [error(500), error(500), finalAnswer()],
    });
    await settle(id);
    await resume(fleet, id);
    await redrive(fleet, id, undefined, "restart");
    expect(await readRow(id)).toMatchObject({ resumed_from: null, usage: "{}" });
    expect((await settle(id)).status).toBe("dead");
    expect(await readSteps(id)).toHaveLength(1);
  });

  it("concurrent redrives in both modes start one run", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, dying);
    await settle(id);
    const responses = await Promise.all([
      redrive(fleet, id),
      redrive(fleet, id),
      redrive(fleet, id, undefined, "restart"),
    ]);
    expect(responses.map(({ status }) => status).sort()).toEqual([202, 409, 409]);
    expect(JSON.parse((await readRow(id)).history)).toHaveLength(1);
  });

  it("a resumed task keeps its pinned policy, unless the redrive overrides it", async () => {
    const fleet = testFleet();
    const id = await submit(fleet, dying);
    const pinned = (await settle(id)).policy_hash;
    expect(pinned).not.toBeNull();
    await redrive(fleet, id);
    expect((await readRow(id)).policy_hash).toBe(pinned);
    await send(fleet, "POST", `/v1/tasks/${id}/cancel`);
    await settle(id);
    await redrive(fleet, id, { policy: "demo" });
    expect(await readRow(id)).toMatchObject({ policy: "demo", policy_hash: null });
  });

  it.each([
    ["before", false],
    ["after", true],
  ])(
    "a redrive whose worker is killed %s any store call is either complete or without effect",
    async (_when, after) => {
      for (let k = 1; ; k++) {
        const fleet = testFleet();
        const id = await submit(fleet, dying);
        await settle(id);
        const stores = storesKilledAt(k, after);
        await redrive(testFleet(stores.env as Partial<TestFleet["env"]>), id);
        if ((await readRow(id)).status === "dead") await redrive(fleet, id);
        const row = await settle(id);
        expect([k, row.status, JSON.parse(row.history).length]).toEqual([k, "succeeded", 1]);
        expect((await readSteps(id)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
        if (stores.calls() < k) return expect(k).toBeGreaterThan(3);
      }
    },
    60_000,
  );

  it.each<[string, (key: string) => Promise<unknown>]>([
    ["is missing", (key) => env.OBJECTS.delete(key)],
    ["cannot be read", (key) => env.OBJECTS.put(key, "not JSON\n")],
  ])("a resumed task whose journal %s is dead-lettered with the reason", async (_case, damage) => {
    const fleet = testFleet();
    const id = await submit(fleet, dying);
    const { fence } = await settle(id);
    await redrive(fleet, id);
    await damage(objectKeys.transcript("default", id, fence));
    const steps = await send(fleet, "GET", `/v1/tasks/${id}/steps`);
    expect(steps.status).toBe(409);
    const row = await settle(id);
    expect([row.status, row.attempt]).toEqual(["dead", 0]);
    expect(JSON.parse(row.error ?? "")).toMatchObject({
      code: "journal_missing",
      message: expect.stringContaining("restart"),
    });
    const second = await redrive(fleet, id);
    expect(second.status).toBe(409);
    expect(await second.text()).toContain('write mode \\"restart\\"');
    expect((await redrive(fleet, id, undefined, "restart")).status).toBe(202);
  });
});

it("the tasks of a batch are resumed together, each from its own journal", async () => {
  const fleet = testFleet();
  const tasks = [dying, { rehearsal: [error(400), finalAnswer()] }, {}].map((fields) =>
    task(fields),
  );
  const response = await send(fleet, "POST", "/v1/batches", { tasks });
  const { id } = await response.json<{ id: string }>();
  const ids = fleet.tasks.sent.map(({ task_id }) => task_id);
  for (const taskId of ids) await settle(taskId);
  const redriven = await send(fleet, "POST", `/v1/batches/${id}/redrive`, { mode: "resume" });
  expect(await redriven.json()).toMatchObject({ redriven: 2, refused: 0 });
  for (const taskId of ids) expect((await settle(taskId)).status).toBe("succeeded");
  expect(await names(ids[0] ?? "")).toHaveLength(5);
  expect(await names(ids[1] ?? "")).toHaveLength(2);
});
