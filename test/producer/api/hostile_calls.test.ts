/** Hostile and mistaken variants of every call: each is answered with the right 4xx, never with a 500. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { openRoutes, routes } from "../../../producer/api.ts";
import type { Route } from "../../../producer/http/route.ts";
import { newApprovalId } from "../../../shared/identity/ids.ts";
import { type ErrorBody, send, type TestFleet, task, testFleet } from "../client.ts";
import { operationAt } from "../described.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/** This body is larger than any JSON body may be. */
const tooLarge = `{"x": "${"x".repeat(10_000_000)}"}`;
const nestedText = `${"[".repeat(40_000)}${"]".repeat(40_000)}`;
const notUtf8 = new Uint8Array([...new TextEncoder().encode('{"prompt": "caf'), 0xe9, 0x22, 0x7d]);

let fleet: TestFleet;
/** An id of the tenant `default` for each kind of object in a path. */
const ids: Record<string, string> = {};
const keys: Record<string, string> = {};

beforeAll(async () => {
  fleet = testFleet();
  const create = async (path: string, body: unknown) => {
    const answer = await send(fleet, "POST", path, body);
    return answer.json<{ id: string; key?: string }>();
  };
  ids.tasks = (await create("/v1/tasks", task())).id;
  ids.batches = (await create("/v1/batches", { tasks: [task()] })).id;
  ids.schedules = (
    await create("/v1/schedules", {
      ...{ name: "daily", cron: "0 7 * * *", template: task(), items: { inline: [{}] } },
    })
  ).id;
  ids.evals = (
    await create("/v1/evals", { rows: [{}], template: task(), variants: [{ name: "one" }] })
  ).id;
  ids.approvals = newApprovalId();
  await env.DB.prepare(
    `INSERT INTO approvals (id, tenant, task_id, call_id, replied_at, tool, arguments, arguments_hash, steps,
       status, on_timeout, deadline_at, created_at)
     VALUES (?1, 'default', ?2, 'c', 0, 'write_file', '{}', 'h', '[]', 'pending', 'fail', 9e15, 0)`,
  )
    .bind(ids.approvals, ids.tasks)
    .run();
  ids.webhooks = `hook_${ids.tasks.replace("task_", "")}`;
  await env.DB.prepare(
    `INSERT INTO webhooks (id, tenant, event, subject, target, state, tries, created_at)
     VALUES (?1, 'default', 'task.ended', ?2, '{"url":"https://h.example/","secret":"S"}', 'dead', 9, 0)`,
  )
    .bind(ids.webhooks, ids.tasks)
    .run();
  await send(fleet, "PUT", "/v1/inputs/a.csv", "a\n1\n", { "content-type": "text/csv" });
  ids.models = "rehearsal";
  ids.tenants = "acme";
  const form = new FormData();
  form.set("purpose", "batch");
  form.set("file", new File([openAiLine], "requests.jsonl"));
  const upload = new Request("https://fleet/", { method: "POST", body: form });
  const type = upload.headers.get("content-type") ?? "";
  const file = await send(fleet, "POST", "/openai/v1/files", upload.body, { "content-type": type });
  ids["openai files"] = (await file.json<{ id: string }>()).id;
  ids["openai batches"] = (
    await create("/openai/v1/batches", {
      ...{ input_file_id: ids["openai files"], endpoint: "/v1/chat/completions" },
      completion_window: "24h",
    })
  ).id;
  ids["openai models"] = "rehearsal";
  for (const [name, expected] of Object.entries({
    submit: { scopes: ["submit"] },
    read: { scopes: ["read"] },
    other: { tenant: "other", scopes: ["submit", "read", "approve", "admin"] },
  })) {
    const { id, key } = await create("/v1/keys", { name, ...expected });
    keys[name] = key ?? "";
    if (name === "submit") ids.keys = id;
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

/** The path with an existing id of the right kind. */
const pathOf = ({ path }: { path: string }): string => {
  const kind = path.replace(/^\/openai\/v1\/(\w+).*/, "openai $1").replace(/^\/v1\/(\w+).*/, "$1");
  return path.replace(/:\w+/, ids[kind] ?? "").replace("*", "a.csv");
};

/** The status of `refused`, which differs in the OpenAI-compatible API. */
const invalidStatus = ({ wire }: Route): number => (wire === undefined ? 422 : 400);

/** A valid body. */
function bodyOf({ id, body }: Route): unknown {
  if (body === undefined) return undefined;
  if (id === "redriveTasks") return { mode: "restart", status: ["dead"] };
  if (id.startsWith("redrive")) return { mode: "restart" };
  if (id === "changeSchedule") return { enabled: false };
  return {};
}

const tableOf = (selection: readonly Route[]) =>
  selection.map((route) => [`${route.method} ${route.path}`, route] as const);

/** OpenAI's format names one field in `param` instead of `details`. */
type ApiError = ErrorBody["error"] & { param?: string };

async function expectError(response: Response, status: number): Promise<ApiError> {
  const text = await response.text();
  expect(`${response.status} ${text}`).toMatch(new RegExp(`^${status} `));
  return (JSON.parse(text) as { error: ApiError }).error;
}

describe("a call without a key is answered with 401", () => {
  it.each(tableOf(routes))("%s", async (_name, route) => {
    const answer = await send(fleet, route.method, pathOf(route), bodyOf(route), {
      authorization: "",
    });
    await expectError(answer, 401);
  });
});

describe("the error of a missing scope names the scope", () => {
  it.each(tableOf(routes))("%s", async (_name, route) => {
    const key = route.scope === "read" ? "submit" : "read";
    const answer = await send(fleet, route.method, pathOf(route), bodyOf(route), bearer(key));
    expect((await expectError(answer, 403)).message).toContain(`"${route.scope}"`);
  });
});

describe("the error of a wrong method lists the right ones", () => {
  const paths = [...new Set([...openRoutes, ...routes].map(({ path }) => path))];
  it.each(paths)("%s", async (path) => {
    const matchingRoutes = [...openRoutes, ...routes].filter((route) => route.path === path);
    const allowedMethods = matchingRoutes.map(({ method }): string => method);
    for (const method of methods.filter((each) => !allowedMethods.includes(each))) {
      // GET /v1/tasks/redrive is GET /v1/tasks/:id.
      if (operationAt(method, path) !== null) continue;
      const answer = await send(fleet, method, pathOf({ path }), method === "GET" ? undefined : {});
      await expectError(answer, 405);
      expect(answer.headers.get("allow")).toBe(allowedMethods.join(", "));
    }
  });
});

describe("an object of another tenant is answered with 404", () => {
  // All tenants share the models, only the operator names tenants, and an upload is always stored below the caller's own tenant.
  const withId = routes.filter(
    ({ path, method }) =>
      (path.includes(":id") && !/^\/v1\/(models|tenants)\//.test(path)) ||
      (path.includes("*") && method !== "PUT"),
  );
  it.each(tableOf(withId))("%s", async (_name, route) => {
    const answer = await send(fleet, route.method, pathOf(route), bodyOf(route), bearer("other"));
    expect(await expectError(answer, 404)).toMatchObject({ code: "not_found" });
  });
});

describe("an invalid body is rejected", () => {
  const withBody = routes.filter(({ body }) => body !== undefined && "application/json" in body);
  const sent = (route: Route, body: BodyInit, type = "application/json") =>
    send(fleet, route.method, pathOf(route), body, { "content-type": type });

  it.each(tableOf(withBody))("%s", async (_name, route) => {
    await expectError(await sent(route, "{}", "text/plain"), 415);
    await expectError(await sent(route, "{}", ""), 415);
    await expectError(await sent(route, tooLarge), 413);
    await expectError(await sent(route, new Blob([tooLarge]).stream()), 413);
    await expectError(await sent(route, nestedText), 400);
    await expectError(await sent(route, notUtf8), 400);
    await expectError(await sent(route, "{"), 400);
    const status = invalidStatus(route);
    const inherited = '{"__proto__": {"mode": "restart"}, "constructor": 1}';
    await expectError(await sent(route, inherited), status);
    await expectError(await sent(route, "[]"), status);
    if (route.body !== undefined && "application/x-ndjson" in route.body) {
      for (const line of [nestedText, notUtf8, "{"]) {
        await expectError(await sent(route, line, "application/x-ndjson"), 400);
      }
    }
  });

  it("PUT /v1/inputs/* rejects an upload that exceeds the limit while it streams", async () => {
    const part = new Uint8Array(10_000_000);
    let remaining = 11;
    const body = new ReadableStream({
      pull: (controller) => (remaining-- > 0 ? controller.enqueue(part) : controller.close()),
    });
    await expectError(await send(fleet, "PUT", "/v1/inputs/large.bin", body), 413);
  });
});

describe("an invalid query field is rejected by name", () => {
  const withQuery = routes.filter(({ query, body }) => query !== undefined && body === undefined);
  it.each(tableOf(withQuery))("%s", async (_name, route) => {
    const cursor = route.wire === undefined ? "cursor" : "after";
    for (const query of ["nonsense=1", "limit=0", `${cursor}=%00`, "__proto__=x", "label.=x"]) {
      const answer = await send(fleet, route.method, `${pathOf(route)}?${query}`);
      const { details, param } = await expectError(answer, invalidStatus(route));
      expect(details?.[0]?.path ?? param).toBe(decodeURIComponent(query.split("=")[0] ?? ""));
    }
  });
});

it.each(["constructor", "toString", "__proto__"])(
  "a query field %s, which every object inherits, is unknown in the OpenAI-compatible API too",
  async (name) => {
    const answer = await send(fleet, "GET", `/openai/v1/files?${name}=x`);
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain("unknown field: the query takes");
  },
);
