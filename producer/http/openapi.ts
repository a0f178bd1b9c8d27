/** Builds the OpenAPI 3.1 document from the operations that the routes serve. Pure. */
import type { TSchema } from "@sinclair/typebox";
import { OpenAiErrorResponse, openAiErrorCodes } from "../openai/error_response.ts";
import { type ErrorCode, ErrorResponse, errorCodes } from "./error_response.ts";
import { Components } from "./openapi_components.ts";
import type { Media, Operation } from "./operation.ts";

type Json = Record<string, unknown>;

/** The version in the paths. It changes with the meaning of a call. */
const apiVersion = "1";
const keyScheme = "key";

export function openApiDocument(operations: readonly Operation[]): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const path = openApiPath(operation.path);
    const method = operation.method.toLowerCase();
    paths[path] = { ...paths[path], [method]: operationObject(operation, components) };
  }
  const responses = Object.fromEntries(
    [ownFormat, openAiFormat].flatMap((format) => errorResponses(format, components)),
  );
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Flotilla",
      version: apiVersion,
      description:
        "Submit thousands of agent tasks and download one file of checked results. See docs/api.md.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ [keyScheme]: [] }],
    paths,
    components: {
      securitySchemes: { [keyScheme]: { type: "http", scheme: "bearer" } },
      responses,
      schemas: components.schemas,
    },
  };
}

/** An error format: the prefix of its components, its schema, and its own status and word for each code. */
interface ErrorFormat {
  prefix: string;
  schema: TSchema;
  spell: (code: ErrorCode) => { status: number; word: string };
}

const ownFormat: ErrorFormat = {
  prefix: "Refused",
  schema: ErrorResponse,
  spell: (code) => ({ status: errorCodes[code][0], word: code }),
};
const openAiFormat: ErrorFormat = {
  prefix: "OpenAiRefused",
  schema: OpenAiErrorResponse,
  spell: (code) => ({ status: openAiErrorCodes[code][0], word: openAiErrorCodes[code][2] }),
};

const formatOf = ({ wire }: Operation): ErrorFormat =>
  wire === undefined ? ownFormat : openAiFormat;

function errorResponses(format: ErrorFormat, components: Components): [string, Json][] {
  const schema = components.reference(format.schema);
  const codes = Object.keys(errorCodes) as ErrorCode[];
  return Object.entries(byStatus(codes, format)).map(([status, those]) => [
    `${format.prefix}${status}`,
    {
      description: those
        .map((code) => `${format.spell(code).word}: ${errorCodes[code][1]}`)
        .join("; "),
      content: { "application/json": { schema } },
    },
  ]);
}

/** `/v1/tasks/:id/files/*` as `/v1/tasks/{id}/files/{path}`. */
export const openApiPath = (path: string): string =>
  path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}");

function operationObject(operation: Operation, components: Components): Json {
  const { id, summary, scope, idempotent, body } = operation;
  const format = formatOf(operation);
  const parameters = [
    ...pathParameters(operation),
    ...queryParameters(operation, components),
    ...(idempotent === true ? [idempotencyHeader] : []),
  ];
  return {
    operationId: id,
    summary,
    description: scope === null ? "No key." : `Scope \`${scope}\`.`,
    ...(scope === null ? { security: [] } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(body, components) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.responses).map(([status, media]) => [
          status,
          { description: successes[status] ?? "Success.", content: contentOf(media, components) },
        ]),
      ),
      ...Object.fromEntries(
        Object.keys(byStatus(errorCodesOf(operation), format)).map((status) => [
          status,
          { $ref: `#/components/responses/${format.prefix}${status}` },
        ]),
      ),
    },
  };
}

const successes: Record<string, string> = {
  "200": "Success.",
  "201": "Created.",
  "202": "Accepted.",
};

const idempotencyHeader = {
  name: "Idempotency-Key",
  in: "header",
  description: "retries with the same key and the same body are one submission",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

/** Every error code that a call can return. */
export function errorCodesOf({
  scope,
  path,
  query,
  body,
  idempotent,
  errors,
}: Operation): ErrorCode[] {
  const codes = new Set<ErrorCode>();
  const add = (condition: boolean, ...extraCodes: ErrorCode[]) => {
    if (condition) for (const code of extraCodes) codes.add(code);
  };
  add(scope !== null, "unauthorized", "forbidden", "too_many_requests", "broken", "unavailable");
  add(/[:*]/.test(path), "not_found");
  add(query !== undefined || idempotent === true, "refused");
  const isBytes = body !== undefined && "application/octet-stream" in body;
  add(isBytes, "too_large");
  add(
    body !== undefined && !isBytes,
    ...(["unreadable", "too_large", "unsupported_media_type", "refused"] as const),
  );
  add(true, ...(errors ?? []));
  return [...codes];
}

function byStatus(
  codes: readonly ErrorCode[],
  { spell }: ErrorFormat,
): Record<string, ErrorCode[]> {
  const codesByStatus: Record<string, ErrorCode[]> = {};
  for (const code of codes) {
    const status = String(spell(code).status);
    codesByStatus[status] = [...(codesByStatus[status] ?? []), code];
  }
  return codesByStatus;
}

const pathParameters = ({ path }: Operation): Json[] =>
  [...openApiPath(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    ...(name === "path" ? { description: "may contain slashes" } : {}),
    schema: { type: "string" },
  }));

/** Each label is one parameter, `label.team=ops`, which OpenAPI describes as an exploded object. */
const labelParameter = {
  name: "labels",
  in: "query",
  style: "form",
  explode: true,
  description: "label.<key>=<value>; a task must have all of them",
  schema: {
    type: "object",
    patternProperties: { "^label\\.[a-z0-9_.-]{1,63}$": { type: "string" } },
    additionalProperties: false,
  },
};

function queryParameters({ query, takesLabels }: Operation, components: Components): Json[] {
  const fields = Object.entries(query?.properties ?? {}).map(([name, property]) => {
    const schema = components.reference(property);
    const isScalar = property.type !== "object" && property.type !== "array";
    return {
      name,
      in: "query",
      required: (query?.required ?? []).includes(name),
      ...(isScalar ? { schema } : { content: { "application/json": { schema } } }),
    };
  });
  return takesLabels === true ? [...fields, labelParameter] : fields;
}

function contentOf(media: Media, components: Components): Json {
  return Object.fromEntries(
    Object.entries(media).map(([type, schema]) => {
      if (type === "application/octet-stream") return [type, {}];
      if (type !== "application/x-ndjson") return [type, { schema: components.reference(schema) }];
      const line = components.reference(schema);
      const text = { type: "string", description: "one JSON value per line" };
      return [type, { schema: text, "x-line-schema": line }];
    }),
  );
}
