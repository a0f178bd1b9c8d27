import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import * as operations from "../../../producer/api/operations.ts";
import { api, openRoutes, routes } from "../../../producer/api.ts";
import { buildClient } from "../../../producer/client/build.ts";
import { openApiDocument, openApiPath } from "../../../producer/http/openapi.ts";
import * as openAiOperations from "../../../producer/openai/operations.ts";
import { text } from "./page.ts";

const document: unknown = JSON.parse(text("docs/openapi.json"));
const allRoutes = [...openRoutes, ...routes];

test("docs/openapi.json equals the served document; npm run openapi rewrites it", () => {
  expect(document).toEqual(JSON.parse(JSON.stringify(openApiDocument(allRoutes))));
});

test("the packaged client equals the built client; npm run openapi rewrites it", () => {
  expect(text("producer/client/dist/index.js")).toBe(buildClient());
  // The client has no imports, so its bundle contains nothing else.
  expect(buildClient()).not.toMatch(/^\s*import /m);
});

test("the document is valid by the schema of OpenAPI 3.1", async () => {
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
  const unresolved = [...refs].filter((ref) => {
    let current: unknown = document;
    for (const part of ref.split("/")) current = (current as Record<string, unknown>)[part];
    return current === undefined;
  });
  expect({ found: refs.size > 30, lost: unresolved }).toEqual({ found: true, lost: [] });
});

test("every route of the app is in it, and every call in it is routed", () => {
  const { paths } = document as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, calls]) =>
    Object.keys(calls).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const routed = api.routes
    // A path that is not in the table is a page of the dashboard, or nothing.
    .filter(({ method, path }) => method !== "ALL" && path !== "/*")
    .map(({ method, path }) => `${method} ${openApiPath(path)}`);
  expect(described.sort()).toEqual(routed.sort());
});

test("every call that is described is served, under a name of its own, and no other", () => {
  const described = [operations, openAiOperations].flatMap((calls) =>
    Object.values(calls).flatMap((exported) => ("responses" in exported ? exported.id : [])),
  );
  const ids = allRoutes.map(({ id }) => id);
  expect(described.sort()).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
});

test("every call says what its success holds, and every body has a schema", () => {
  const { paths } = document as { paths: Record<string, Record<string, Described>> };
  const undocumented = Object.entries(paths).flatMap(([path, calls]) =>
    Object.entries(calls).flatMap(([method, { responses, requestBody }]) => {
      const successes = Object.entries(responses).filter(([status]) => status.startsWith("2"));
      const bodies = [...successes.map(([, { content }]) => content), requestBody?.content];
      const isComplete = bodies.every((content) => content === undefined || isDescribed(content));
      return isComplete && successes.length > 0 ? [] : `${method} ${path}`;
    }),
  );
  expect(undocumented).toEqual([]);
});

type Content = Record<string, { schema?: object }>;
interface Described {
  responses: Record<string, { content?: Content }>;
  requestBody?: { content: Content };
}

/** Bytes need no schema. */
const isDescribed = (content: Content): boolean =>
  Object.entries(content).every(
    ([type, { schema }]) => type === "application/octet-stream" || schema !== undefined,
  );
