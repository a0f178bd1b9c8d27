import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { claim } from "../../shared/store/claims.ts";
import { requestCancel } from "../../shared/store/tasks.ts";
import { send, testFleet } from "../producer/client.ts";
import { accept, bench, call, deliverTo, finish, rowOf, runTask } from "./harness.ts";

const write = call("write_file", { path: "a.txt", content: "half" });

/** What the API still answers of a task that ended. */
async function left(id: string) {
  const fleet = testFleet();
  const get = async (path: string) => (await send(fleet, "GET", `/v1/tasks/${id}${path}`)).json();
  const { steps } = (await get("/steps")) as { steps: { name: string }[] };
  const { files } = (await get("/files")) as { files: { path: string }[] };
  const { status, error } = (await get("")) as { status: string; error: { draft?: string } };
  const result = await send(fleet, "GET", `/v1/tasks/${id}/result`);
  return {
    status,
    draft: error.draft,
    steps: steps.map(({ name }) => name),
    files: files.map(({ path }) => path),
    result: result.status,
  };
}

test.each(["cancelled", "expired"] as const)(
  "a task that is %s during a long call keeps that call, its files and its words",
  async (how) => {
    const slow = { ...write, text: "So far: half.", delay_ms: 300 };
    const row = how === "expired" ? { expires_at: Date.now() + 150 } : {};
    const id = await accept({ prompt: "p", rehearsal: [slow, finish()] }, row);
    const running = deliverTo(bench(), [id]);
    await expect.poll(async () => (await rowOf(id)).status, { interval: 5 }).toBe("running");
    if (how === "cancelled") await requestCancel(env.DB, "default", id);
    await running;
    const after = await left(id);
    expect(after).toMatchObject({ status: how, draft: "So far: half.", result: 404 });
    expect(after.steps[0]).toBe("rehearsal");
  },
);

test("a task that is cancelled between two steps keeps the files of the first", async () => {
  const on = bench();
  const id = await accept({
    prompt: "p",
    rehearsal: [write, { error: { status: 500, code: "x", message: "no" } }],
  });
  await deliverTo(on, [id]);
  await requestCancel(env.DB, "default", id);
  await deliverTo(on, [id]);
  expect(await left(id)).toMatchObject({
    status: "cancelled",
    steps: ["rehearsal", "write_file", "rehearsal"],
    files: ["a.txt"],
    result: 404,
  });
});

test("a task that is cancelled before it starts keeps what it was given", async () => {
  const id = await accept({ prompt: "p", files: { in: { text: "1" } }, rehearsal: [finish()] });
  await requestCancel(env.DB, "default", id);
  await deliverTo(bench(), [id]);
  expect(await left(id)).toMatchObject({ status: "cancelled", steps: [], files: ["in"] });
});

test.each([
  ["failed", { error: { status: 400, code: "x", message: "no" } }],
  ["dead", { error: { status: 503, code: "x", message: "no" } }],
])("a task that is %s keeps its steps and files", async (status, last) => {
  const { id } = await runTask({ prompt: "p", attempts: 1, rehearsal: [write, last] });
  expect(await left(id)).toMatchObject({ status, files: ["a.txt"], result: 404 });
});

test("a task whose worker is killed twenty times while it progresses is not dead", async () => {
  const turns = Array.from({ length: 20 }, (_, n) =>
    call("write_file", { path: `${n}`, content: "x" }),
  );
  const id = await accept({
    prompt: "p",
    attempts: 1,
    limits: { steps: 100 },
    rehearsal: [...turns, finish()],
  });
  for (let n = 0; n < 20; n++) {
    const { fence = 0 } = (await claim(env.DB, id, "{}")) ?? {};
    await env.DB.prepare(
      `INSERT INTO steps VALUES (?1, ?2, ?3, 'model', 'rehearsal', 'failed', 1, 1, ?4, NULL, '{}')`,
    )
      .bind(id, n + 1, fence, JSON.stringify(unheard))
      .run();
    await env.DB.prepare("UPDATE tasks SET lease_until = 0 WHERE id = ?1").bind(id).run();
  }
  await deliverTo(bench(), [id]);
  expect(await rowOf(id)).toMatchObject({ status: "succeeded", attempt: 0, fence: 21 });
});

/** A call that another model failed: a step that leaves nothing to act on. */
const unheard = {
  kind: "model",
  model: "stand-in",
  offered: "tools",
  reply: null,
  failure: { code: "model_busy", message: "busy" },
  usage: { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, cost_usd: 0 },
};

test("a dead letter leaves alone what is settled, what is unknown and what a newer claim owns", async () => {
  const on = bench();
  const settled = (await runTask({ prompt: "p", rehearsal: [finish()] })).id;
  const owned = await accept({ prompt: "p", rehearsal: [finish()] });
  await claim(env.DB, owned, "{}");
  await env.DB.prepare("UPDATE tasks SET sent_at = sent_at - 600000 WHERE id = ?1")
    .bind(owned)
    .run();
  const before = [await rowOf(settled), await rowOf(owned)];
  const told = await deliverTo(on, [settled, owned, "task_unknown"], "tasks-dlq");
  expect(told).toEqual({ acked: 3, retried: 0 });
  expect([await rowOf(settled), await rowOf(owned)]).toEqual(before);
});
