import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { send, task, testFleet } from "../client.ts";
import { settledTask } from "../sweep/leftovers.ts";

test("a journal shows a policy's rules, and only the caller's own tenant and signing secrets", async () => {
  const id = await settledTask(1);
  const text = JSON.stringify({
    rules: [{ host: "a.example" }],
    tenants: ["default", "rival"],
    secrets: [
      { name: "OURS", tenants: ["default"], hosts: ["hooks.a.example"] },
      { name: "THEIRS", tenants: ["rival"], hosts: ["hooks.rival.example"] },
    ],
  });
  await env.DB.batch([
    env.DB.prepare(
      "INSERT INTO policies (hash, name, text, created_at, used_at) VALUES ('h1', 'shared', ?1, 0, 0)",
    ).bind(text),
    env.DB.prepare(
      `UPDATE tasks SET policy_hash = 'h1', policy = 'shared', spec = ?2, transcript = '{"workspace":{}}' WHERE id = ?1`,
    ).bind(id, JSON.stringify(task())),
  ]);
  const answer = await send(testFleet(), "GET", `/v1/tasks/${id}/journal`);
  const body = await answer.text();
  expect([answer.status, body]).toEqual([200, expect.stringContaining("a.example")]);
  expect(body).toContain("OURS");
  for (const foreign of ["rival", "THEIRS"]) expect(body).not.toContain(foreign);
});
