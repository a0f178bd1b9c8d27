/** The uploads of a tenant. */
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import { send, testFleet } from "../client.ts";

interface Page {
  inputs: { key: string; bytes: number; uploaded_at: string }[];
  next_cursor: string | null;
}

beforeEach(async () => {
  const { objects } = await env.OBJECTS.list({ prefix: "inputs/" });
  await env.OBJECTS.delete(objects.map(({ key }) => key));
  for (const key of ["b.csv", "a/2.csv", "a/1.csv"]) {
    await env.OBJECTS.put(`inputs/default/${key}`, key);
  }
  await env.OBJECTS.put("inputs/rival/a/secret.csv", "x");
  // A tenant whose name starts like another's.
  await env.OBJECTS.put("inputs/default2/a/secret.csv", "x");
});

const list = async (query = ""): Promise<Page> => {
  const answer = await send(testFleet(), "GET", `/v1/inputs${query}`);
  expect(answer.status).toBe(200);
  return answer.json<Page>();
};

it("uploads are listed by key with their size and time, and no other tenant's", async () => {
  const { inputs, next_cursor } = await list();
  expect(inputs.map(({ key }) => key)).toEqual(["a/1.csv", "a/2.csv", "b.csv"]);
  expect(inputs[0]).toMatchObject({ bytes: 7, uploaded_at: expect.stringMatching(/Z$/) });
  expect(next_cursor).toBeNull();
});

it("a list is read in pages and by prefix", async () => {
  const first = await list("?limit=2");
  expect(first.inputs.map(({ key }) => key)).toEqual(["a/1.csv", "a/2.csv"]);
  const rest = await list(`?limit=2&cursor=${encodeURIComponent(first.next_cursor ?? "")}`);
  expect(rest).toMatchObject({ inputs: [{ key: "b.csv" }], next_cursor: null });
  expect((await list("?prefix=a/")).inputs).toHaveLength(2);
  expect((await list("?prefix=..%2Frival")).inputs).toEqual([]);
});
