import { expect, it } from "vitest";
import { bench, deliverTo, rowOf } from "../consumer/harness.ts";
import { type Refusal, send, type TestFleet, task, testFleet } from "./client.ts";

interface Steps {
  steps: { name: string; output: { text: string } }[];
}

const said = (text: string) => [
  { calls: [{ name: "final_answer", arguments: { wrong: text } }], text },
];

/** A task that failed, was redriven and failed again, saying other things. */
async function redrivenTask(fleet: TestFleet): Promise<string> {
  const limits = { model_calls: 1 };
  const answer = await send(fleet, "POST", "/v1/tasks", task({ rehearsal: said("first"), limits }));
  const { id } = await answer.json<{ id: string }>();
  await deliverTo(bench(), [id]);
  const overrides = { rehearsal: said("second") };
  const again = await send(fleet, "POST", `/v1/tasks/${id}/redrive`, {
    mode: "restart",
    overrides,
  });
  expect(again.status).toBe(202);
  await deliverTo(bench(), [id]);
  return id;
}

const stepsOf = async (
  fleet: TestFleet,
  id: string,
  query: string,
): Promise<string | undefined> => {
  const answer = await send(fleet, "GET", `/v1/tasks/${id}/steps${query}`);
  expect(answer.status).toBe(200);
  return (await answer.json<Steps>()).steps[0]?.output.text;
};

it("the steps of a run before a redrive are read by the fence that the history lists", async () => {
  const fleet = testFleet();
  const id = await redrivenTask(fleet);
  const view = await send(fleet, "GET", `/v1/tasks/${id}`);
  const { history } = await view.json<{ history: { fence: number }[] }>();
  expect(history).toHaveLength(1);
  expect(await stepsOf(fleet, id, `?fence=${history[0]?.fence}`)).toBe("first");
  expect(await stepsOf(fleet, id, "")).toBe("second");
  expect(await stepsOf(fleet, id, `?fence=${(await rowOf(id)).fence}`)).toBe("second");
});

it.each(["0", "99", "x", "1e0", ""])("the fence %j names no run", async (fence) => {
  const fleet = testFleet();
  const id = await redrivenTask(fleet);
  const answer = await send(fleet, "GET", `/v1/tasks/${id}/steps?fence=${fence}`);
  expect(answer.status).toBe(422);
  const { error } = await answer.json<Refusal>();
  expect(error.details).toMatchObject([
    { path: "fence", message: expect.stringContaining("they are 1") },
  ]);
});
