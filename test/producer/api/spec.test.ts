import { env } from "cloudflare:workers";
import { expect, it, test } from "vitest";
import { objectKeys } from "../../../shared/files/objects.ts";
import { send, task, testFleet } from "../client.ts";

it.each([
  ["stored in its row", "Say yes."],
  ["stored in R2", "x".repeat(20_000)],
])("a spec that is %s is returned as it was submitted", async (_where, prompt) => {
  const fleet = testFleet();
  const sent = { ...task(), prompt, labels: { team: "docs" } };
  const accepted = await send(fleet, "POST", "/v1/tasks", sent);
  const { id } = (await accepted.json()) as { id: string };
  const answer = await send(fleet, "GET", `/v1/tasks/${id}/spec`);
  expect([answer.status, await answer.json()]).toEqual([200, sent]);
});

test("a spec that is no longer stored, or of another tenant's task, is answered with 404", async () => {
  const fleet = testFleet();
  const large = { ...task(), prompt: "x".repeat(20_000) };
  const accepted = await send(fleet, "POST", "/v1/tasks", large);
  const { id } = (await accepted.json()) as { id: string };
  await env.OBJECTS.delete(objectKeys.spec("default", id));
  expect((await send(fleet, "GET", `/v1/tasks/${id}/spec`)).status).toBe(404);
  await env.DB.prepare("UPDATE tasks SET spec = '{}', tenant = 'rival' WHERE id = ?1")
    .bind(id)
    .run();
  const foreign = await send(fleet, "GET", `/v1/tasks/${id}/spec`);
  expect(await foreign.json()).toMatchObject({ error: { code: "not_found" } });
});
