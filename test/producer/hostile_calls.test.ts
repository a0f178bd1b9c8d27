/** Every call of the document, as somebody makes it who means harm or is mistaken: the right 4xx, never a 500. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { openRoutes, routes } from "../../producer/api.ts";
import type { Route } from "../../producer/http/call.ts";

import { type Refusal, send, type TestFleet, task, testFleet } from "./client.ts";
import { operationAt } from "./described.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** More than any JSON body may hold. */
const tooMuch = `{"x": "${"x".repeat(10_000_000)}"}`;
const deep = `${"[".repeat(40_000)}${"]".repeat(40_000)}`;
const notUtf8 = new Uint8Array([...new TextEncoder().encode('{"prompt": "caf'), 0xe9, 0x22, 0x7d]);

let fleet: TestFleet;
/** What the tenant `default` has: an id for each kind that a path may name. */
const held: Record<string, string> = {};
const keys: Record<string, string> = {};

beforeAll(async () => {
  fleet = testFleet();
  const made = async (path: string, body: unknown) => {
    const answer = await send(fleet, "POST", path, body);
    return answer.json<{ id: string; key?: string }>();
  };
  held.tasks = (await made("/v1/tasks", task())).id;
  held.batches = (await made("/v1/batches", { tasks: [task()] })).id;
  held.schedules = (
    await made("/v1/schedules", {
      ...{ name: "daily", cron: "0 7 * * *", template: task(), items: { inline: [{}] } },
    })
  ).id;
  held.webhooks = `hook_${held.tasks.replace("task_", "")}`;
  await env.DB.prepare(
    `INSERT INTO webhooks (id, tenant, event, subject, target, state, tries, created_at)
     VALUES (?1, 'default', 'task.ended', ?2, '{"url":"https://h.example/","secret":"S"}', 'dead', 9, 0)`,
  )
    .bind(held.webhooks, held.tasks)
    .run();
  await send(fleet, "PUT", "/v1/inputs/a.csv", "a\n1\n", { "content-type": "text/csv" });
  held.models = "rehearsal";
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new File([openAiLine], "requests.jsonl"));
  const upload = new Request("https://fleet/", { method: "POST", body: form });
  const type = upload.headers.get("content-type") ?? "";
  const file = await send(fleet, "POST", "/openai/v1/files", upload.body, { "content-type": type });
  held["openai files"] = (await file.json<{ id: string }>()).id;
  held["openai batches"] = (
    await made("/openai/v1/batches", {
      ...{ input_file_id: held["openai files"], endpoint: "/v1/chat/completions" },
      completion_window: "24h",
    })
  ).id;
  held["openai models"] = "rehearsal";
  for (const [name, wanted] of Object.entries({
    submit: { scopes: ["submit"] },
    read: { scopes: ["read"] },
    other: { tenant: "other", scopes: ["submit", "read", "admin"] },
  })) {
    const { id, key } = await made("/v1/keys", { name, ...wanted });
    keys[name] = key ?? "";
    if (name === "submit") held.keys = id;
  }
});

const openAiLine = JSON.stringify({
  ...{ custom_id: "a", method: "POST", url: "/v1/chat/completions" },
  body: {
    messages: [{ role: "user", content: "Say yes." }],
    flotilla: { rehearsal: [{ text: "yes" }] },
  },
});

const bearer = (name: string) => ({ authorization: `Bearer ${keys[name]}` });

/** The path with what the tenant has, whatever the path is about. */
const pathOf = ({ path }: { path: string }): string => {
  const kind = path.replace(/^\/openai\/v1\/(\w+).*/, "openai $1").replace(/^\/v1\/(\w+).*/, "$1");
  return path.replace(/:\w+/, held[kind] ?? "").replace("*", "a.csv");
};

/** What is readable and refused has another status in OpenAI's shape. */
const refusedStatus = ({ wire }: Route): number => (wire === undefined ? 422 : 400);

/** A body that the call would take. */
function bodyOf({ id, body }: Route): unknown {
  if (body === undefined) return undefined;
  if (id === "redriveTasks") return { mode: "restart", status: ["dead"] };
  if (id.startsWith("redrive")) return { mode: "restart" };
  if (id === "changeSchedule") return { enabled: false };
  return {};
}

const named = (chosen: readonly Route[]) =>
  chosen.map((route) => [`${route.method} ${route.path}`, route] as const);

/** In OpenAI's shape it names one field, and has no list. */
type Refused = Refusal["error"] & { param?: string };

async function refusal(answer: Response, status: number): Promise<Refused> {
  const text = await answer.text();
  expect(`${answer.status} ${text}`).toMatch(new RegExp(`^${status} `));
  return (JSON.parse(text) as { error: Refused }).error;
}

describe("without a key nobody learns anything", () => {
  it.each(named(routes))("%s", async (_name, route) => {
    const answer = await send(fleet, route.method, pathOf(route), bodyOf(route), {
      authorization: "",
    });
    await refusal(answer, 401);
  });
});

describe("a key without the scope is told which one is missing", () => {
  it.each(named(routes))("%s", async (_name, route) => {
    const key = route.scope === "read" ? "submit" : "read";
    const answer = await send(fleet, route.method, pathOf(route), bodyOf(route), bearer(key));
    expect((await refusal(answer, 403)).message).toContain(`"${route.scope}"`);
  });
});

describe("a wrong method is told the right ones", () => {
  const paths = [...new Set([...openRoutes, ...routes].map(({ path }) => path))];
  it.each(paths)("%s", async (path) => {
    const right = [...openRoutes, ...routes].filter((one) => one.path === path);
    const taken = right.map(({ method }): string => method);
    for (const method of methods.filter((one) => !taken.includes(one))) {
      // GET /v1/tasks/redrive asks for a task of that name.
      if (operationAt(method, path) !== null) continue;
      const answer = await send(fleet, method, pathOf({ path }), method === "GET" ? undefined : {});
      await refusal(answer, 405);
      expect(answer.headers.get("allow")).toBe(taken.join(", "));
    }
  });
});

describe("what is another tenant's is not there", () => {
  // A model is nobody's: all tenants share it. An upload is put below the caller's own tenant.
  const naming = routes.filter(
    ({ path, method }) =>
      (path.includes(":id") && !path.startsWith("/v1/models")) ||
      (path.includes("*") && method !== "PUT"),
  );
  it.each(named(naming))("%s", async (_name, route) => {
    const answer = await send(fleet, route.method, pathOf(route), bodyOf(route), bearer("other"));
    expect(await refusal(answer, 404)).toMatchObject({ code: "not_found" });
  });
});

describe("a body that a call does not take", () => {
  const taking = routes.filter(({ body }) => body !== undefined && "application/json" in body);
  const sent = (route: Route, body: BodyInit, type = "application/json") =>
    send(fleet, route.method, pathOf(route), body, { "content-type": type });

  it.each(named(taking))("%s", async (_name, route) => {
    await refusal(await sent(route, "{}", "text/plain"), 415);
    await refusal(await sent(route, "{}", ""), 415);
    await refusal(await sent(route, tooMuch), 413);
    await refusal(await sent(route, new Blob([tooMuch]).stream()), 413);
    await refusal(await sent(route, deep), 400);
    await refusal(await sent(route, notUtf8), 400);
    await refusal(await sent(route, "{"), 400);
    const refused = refusedStatus(route);
    const own = '{"__proto__": {"mode": "restart"}, "constructor": 1}';
    await refusal(await sent(route, own), refused);
    await refusal(await sent(route, "[]"), refused);
    if (route.body !== undefined && "application/x-ndjson" in route.body) {
      for (const line of [deep, notUtf8, "{"]) {
        await refusal(await sent(route, line, "application/x-ndjson"), 400);
      }
    }
  });

  it("PUT /v1/inputs/* refuses what is longer than an upload may be, while it streams", async () => {
    const part = new Uint8Array(10_000_000);
    let left = 11;
    const body = new ReadableStream({
      pull: (controller) => (left-- > 0 ? controller.enqueue(part) : controller.close()),
    });
    await refusal(await send(fleet, "PUT", "/v1/inputs/large.bin", body), 413);
  });
});

describe("a query that a call does not take is refused by name", () => {
  const asking = routes.filter(({ query, body }) => query !== undefined && body === undefined);
  it.each(named(asking))("%s", async (_name, route) => {
    const cursor = route.wire === undefined ? "cursor" : "after";
    for (const query of ["nonsense=1", "limit=0", `${cursor}=%00`, "__proto__=x", "label.=x"]) {
      const answer = await send(fleet, route.method, `${pathOf(route)}?${query}`);
      const { details, param } = await refusal(answer, refusedStatus(route));
      expect(details?.[0]?.path ?? param).toBe(decodeURIComponent(query.split("=")[0] ?? ""));
    }
  });
});

it.each(["constructor", "toString", "__proto__"])(
  "a query's %s, which every object has, is unknown in OpenAI's shape too",
  async (name) => {
    const answer = await send(fleet, "GET", `/openai/v1/files?${name}=x`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("unknown: the query takes");
  },
);
