import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { api, openRoutes, routes } from "../../../producer/api.ts";
import { plainClient } from "../../../producer/client/plain.ts";
import { documentOf, documentPath } from "../../../producer/http/openapi.ts";
import * as operations from "../../../producer/operations/index.ts";
import { text } from "./page.ts";

const document: unknown = JSON.parse(text("docs/openapi.json"));
const served = [...openRoutes, ...routes];

test("docs/openapi.json is what the fleet serves: npm run openapi writes it anew", () => {
  expect(document).toEqual(JSON.parse(JSON.stringify(documentOf(served))));
});

test("the client for packages is the client without its types: npm run openapi writes it anew", () => {
  expect(text("producer/client/index.js")).toBe(plainClient());
  // It stands alone: whoever bundles it bundles nothing else.
  expect(plainClient()).not.toMatch(/^\s*import /m);
});

test("it is an OpenAPI 3.1 document, by the specification's own schema", async () => {
  const validator = new Validator();
  const checked = await validator.validate(structuredClone(document) as Record<string, unknown>);
  expect(checked.errors ?? []).toEqual([]);
  expect({ valid: checked.valid, version: validator.version }).toEqual({
    valid: true,
    version: "3.1",
  });
});

test("every reference in it leads somewhere", () => {
  const refs = new Set(text("docs/openapi.json").match(/(?<="\$ref": "#\/)[^"]+/g));
  const lost = [...refs].filter((ref) => {
    let at: unknown = document;
    for (const part of ref.split("/")) at = (at as Record<string, unknown>)[part];
    return at === undefined;
  });
  expect({ found: refs.size > 30, lost }).toEqual({ found: true, lost: [] });
});

test("every route of the app is in it, and every call in it is routed", () => {
  const { paths } = document as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, calls]) =>
    Object.keys(calls).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routed = api.routes
    // What stands at no path of the table is a page of the dashboard, or nothing.
    .filter(({ method, path }) => method !== "ALL" && path !== "/*")
    .map(({ method, path }) => `${method} ${documentPath(path)}`);
  expect(described.sort()).toEqual(routed.sort());
});

test("every call that is described for the client is served, under a name of its own", () => {
  const described = Object.values(operations).flatMap((one) => ("answers" in one ? one.id : []));
  const own = served.filter(({ wire }) => wire === undefined).map(({ id }) => id);
  const ids = served.map(({ id }) => id);
  expect(described.sort()).toEqual(own.sort());
  expect(new Set(ids).size).toBe(ids.length);
});
