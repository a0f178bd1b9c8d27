/** What the service is, whether it works, and this document. */
import { Type } from "@sinclair/typebox";
import { json, operation } from "../../http/operation.ts";

export const getRoot = operation({
  id: "getFront",
  method: "GET",
  path: "/",
  scope: null,
  summary: "Describes the service and where to continue.",
  responses: {
    200: json(
      Type.Object({
        name: Type.String(),
        what: Type.String(),
        submit: Type.String(),
        health: Type.String(),
        docs: Type.String(),
      }),
    ),
  },
});

export const getLlmsText = operation({
  id: "getLlmsText",
  method: "GET",
  path: "/llms.txt",
  scope: null,
  summary: "Tells an agent how to use the fleet.",
  responses: { 200: { "text/plain": Type.String() } },
});

export const getHealth = operation({
  id: "getHealth",
  method: "GET",
  path: "/healthz",
  scope: null,
  summary: "Checks that D1 is migrated and both Workers answer.",
  responses: { 200: json(Type.Object({ status: Type.Literal("ok") }, { $id: "Health" })) },
  errors: ["unavailable"],
});

const OpenApi = Type.Object({
  openapi: Type.String(),
  jsonSchemaDialect: Type.String(),
  info: Type.Object({}),
  servers: Type.Array(Type.Object({})),
  security: Type.Array(Type.Object({})),
  paths: Type.Object({}),
  components: Type.Object({}),
});

export const getOpenApi = operation({
  id: "getOpenApi",
  method: "GET",
  path: "/openapi.json",
  scope: null,
  summary: "Returns this document.",
  responses: { 200: json(OpenApi) },
});

export const getOpenApiByKey = operation({
  id: "getOpenApiByKey",
  method: "GET",
  path: "/v1/openapi.json",
  scope: "read",
  summary: "Returns this document to callers with a key.",
  responses: { 200: json(OpenApi) },
});
