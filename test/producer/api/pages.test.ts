import { describe, expect, it } from "vitest";
import { send, testFleet } from "../client.ts";

/** The build's files, as the platform serves them. */
const assets = (files: Record<string, string>): Fetcher =>
  ({
    fetch: async (request: Request) => {
      const text = files[new URL(request.url).pathname];
      return new Response(text ?? "no", { status: text === undefined ? 404 : 200 });
    },
  }) as unknown as Fetcher;

const fleet = testFleet({
  ASSETS: assets({ "/": "<!doctype html>the document", "/assets/a.js": "the script" }),
});
const html = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

describe("the dashboard", () => {
  it.each(["/", "/batches", "/batches/batch_x?status=failed", "/tasks/task_x", "/egress"])(
    "%s returns the document without a key",
    async (path) => {
      const answer = await send(fleet, "GET", path, undefined, { ...html, authorization: "" });
      expect(answer.status).toBe(200);
      expect(await answer.text()).toContain("the document");
      expect(answer.headers.get("cache-control")).toBe("no-cache");
    },
  );

  it("a page allows only its own script and its own origin", async () => {
    const { headers } = await send(fleet, "GET", "/", undefined, html);
    const policy = headers.get("content-security-policy")?.split("; ");
    expect(policy).toEqual([
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self'",
      "connect-src 'self'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ]);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });

  it("an asset can be cached forever, because its name contains its hash", async () => {
    const answer = await send(fleet, "GET", "/assets/a.js");
    expect(await answer.text()).toBe("the script");
    expect(answer.headers.get("cache-control")).toContain("immutable");
    expect(answer.headers.get("content-security-policy")).not.toBeNull();
  });
});

describe("paths that are not pages", () => {
  it.each([
    ["a route of the API", "/v1/batches", 200],
    ["an unknown path below /v1", "/v1/dashboard", 404],
    ["an unknown path", "/v2/tasks", 404],
    ["an unknown asset", "/assets/b.js", 404],
    ["health", "/healthz", 200],
  ])("%s returns JSON, although the client prefers HTML", async (_case, path, status) => {
    const answer = await send(fleet, "GET", path, undefined, html);
    expect(answer.status).toBe(status);
    expect(answer.headers.get("content-type")).toContain("application/json");
  });

  it("a route without a key returns 401 and no page", async () => {
    const answer = await send(fleet, "GET", "/v1/batches", undefined, {
      ...html,
      authorization: "",
    });
    expect(answer.status).toBe(401);
  });

  it.each([
    ["a client that accepts only JSON", fleet, "application/json"],
    ["a deployment without a dashboard", testFleet(), "text/html"],
  ])("%s gets the description of the service", async (_case, path, accept) => {
    const answer = await send(path, "GET", "/", undefined, { accept });
    expect(await answer.json()).toMatchObject({ name: "Flotilla" });
  });
});
