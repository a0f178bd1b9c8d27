import { expect, it } from "vitest";
import { deliverMessages, readRow, testConsumer } from "../../consumer/harness.ts";
import { type ErrorBody, send, type TestFleet, task, testFleet } from "../client.ts";

interface Steps {
  steps: { name: string; output: { text: string } }[];
}

const turnsWith = (text: string) => [
  { calls: [{ name: "final_answer", arguments: { wrong: text } }], text },
];

/** A task that failed, was redriven and failed again with another reply. */
async function redrivenTask(fleet: TestFleet): Promise<string> {
  const limits = { model_calls: 1 };
  const response = await send(
    fleet,
    "POST",
    "/v1/tasks",
    task({ rehearsal: turnsWith("first"), limits }),
  );
  const { id } = await response.json<{ id: string }>();
  await deliverMessages(testConsumer(), [id]);
  const overrides = { rehearsal: turnsWith("second") };
  const redriven = await send(fleet, "POST", `/v1/tasks/${id}/redrive`, {
    mode: "restart",
    overrides,
  });
  expect(redriven.status).toBe(202);
  await deliverMessages(testConsumer(), [id]);
  return id;
}

const stepsOf = async (
  fleet: TestFleet,
  id: string,
  query: string,
): Promise<string | undefined> => {
  const response = await send(fleet, "GET", `/v1/tasks/${id}/steps${query}`);
  expect(response.status).toBe(200);
  return (await response.json<Steps>()).steps[0]?.output.text;
};

it("the steps of a run before a redrive are read with the fence from the history", async () => {
  const fleet = testFleet();
  const id = await redrivenTask(fleet);
  const view = await send(fleet, "GET", `/v1/tasks/${id}`);
  const { history } = await view.json<{ history: { fence: number }[] }>();
  expect(history).toHaveLength(1);
  expect(await stepsOf(fleet, id, `?fence=${history[0]?.fence}`)).toBe("first");
  expect(await stepsOf(fleet, id, "")).toBe("second");
  expect(await stepsOf(fleet, id, `?fence=${(await readRow(id)).fence}`)).toBe("second");
});

it.each(["0", "99", "x", "1e0", ""])(
  "the fence %j is rejected, because no run has it",
  async (fence) => {
    const fleet = testFleet();
    const id = await redrivenTask(fleet);
    const response = await send(fleet, "GET", `/v1/tasks/${id}/steps?fence=${fence}`);
    expect(response.status).toBe(422);
    const { error } = await response.json<ErrorBody>();
    expect(error.details).toMatchObject([
      { path: "fence", message: expect.stringContaining("it has 1)") },
    ]);
  },
);
