/** The API as an OpenAPI 3.1 document, made of the operations that the routes serve. Pure. */
import { Kind, type TSchema } from "@sinclair/typebox";
import { OpenAiRefusal, openAiRefusals } from "../openai/refusal.ts";
import type { Media, Operation } from "./operation.ts";
import { RefusalAnswer, type RefusalCode, refusals } from "./refusals.ts";

type Json = Record<string, unknown>;

/** The version of the API, which is that of its paths; it changes when a call's meaning does. */
const apiVersion = "1";
const keyHeader = "key";

export function documentOf(operations: readonly Operation[]): Json {
  const components = new Components();
  const paths: Record<string, Json> = {};
  for (const one of operations) {
    const path = documentPath(one.path);
    paths[path] = { ...paths[path], [one.method.toLowerCase()]: operationOf(one, components) };
  }
  const responses = Object.fromEntries(
    [own, openAi].flatMap((shape) => refusalsIn(shape, components)),
  );
  return {
    openapi: "3.1.0",
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    info: {
      title: "Flotilla",
      version: apiVersion,
      description:
        "Thousands of agent tasks in, one file of checked answers out. docs/api.md says it in words.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ [keyHeader]: [] }],
    paths,
    components: {
      securitySchemes: { [keyHeader]: { type: "http", scheme: "bearer" } },
      responses,
      schemas: components.schemas,
    },
  };
}

/** A shape of refusals: what it is called in the document, what it holds, how it spells each code. */
interface RefusalShape {
  prefix: string;
  answer: TSchema;
  spell: (code: RefusalCode) => { status: number; word: string };
}

const own: RefusalShape = {
  prefix: "Refused",
  answer: RefusalAnswer,
  spell: (code) => ({ status: refusals[code][0], word: code }),
};
const openAi: RefusalShape = {
  prefix: "OpenAiRefused",
  answer: OpenAiRefusal,
  spell: (code) => ({ status: openAiRefusals[code][0], word: openAiRefusals[code][2] }),
};

const shapeOf = ({ wire }: Operation): RefusalShape => (wire === undefined ? own : openAi);

function refusalsIn(shape: RefusalShape, components: Components): [string, Json][] {
  const schema = components.place(shape.answer);
  const codes = Object.keys(refusals) as RefusalCode[];
  return Object.entries(byStatus(codes, shape)).map(([status, those]) => [
    `${shape.prefix}${status}`,
    {
      description: those
        .map((code) => `${shape.spell(code).word}: ${refusals[code][1]}`)
        .join("; "),
      content: { "application/json": { schema } },
    },
  ]);
}

/** `/v1/tasks/:id/files/*` as `/v1/tasks/{id}/files/{path}`. */
export const documentPath = (path: string): string =>
  path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{path}");

function operationOf(one: Operation, components: Components): Json {
  const parameters = [...pathParameters(one), ...queryParameters(one, components)];
  const scoped = one.scope === null ? "No key." : `Scope \`${one.scope}\`.`;
  return {
    operationId: one.id,
    summary: one.about,
    description: scoped,
    ...(one.scope === null ? { security: [] } : {}),
    ...(one.idempotent === true ? { parameters: [...parameters, idempotencyHeader] } : {}),
    ...(one.idempotent !== true && parameters.length > 0 ? { parameters } : {}),
    ...(one.body === undefined
      ? {}
      : { requestBody: { required: true, content: contentOf(one.body, components) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(one.answers).map(([status, media]) => [
          status,
          { description: successes[status] ?? "Done.", content: contentOf(media, components) },
        ]),
      ),
      ...Object.fromEntries(
        Object.keys(byStatus(refusedWith(one), shapeOf(one))).map((status) => [
          status,
          { $ref: `#/components/responses/${shapeOf(one).prefix}${status}` },
        ]),
      ),
    },
  };
}

const successes: Record<string, string> = {
  "200": "Here it is.",
  "201": "Made.",
  "202": "Accepted.",
};

const idempotencyHeader = {
  name: "Idempotency-Key",
  in: "header",
  description: "the same key with the same body is the same submission",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

/** Every code that a call may be refused with. */
export function refusedWith(one: Operation): RefusalCode[] {
  const keyed: RefusalCode[] =
    one.scope === null
      ? []
      : ["unauthorized", "forbidden", "too_many_requests", "broken", "unavailable"];
  const named: RefusalCode[] = /[:*]/.test(one.path) ? ["not_found"] : [];
  const queried: RefusalCode[] = one.query === undefined ? [] : ["refused"];
  const read: RefusalCode[] =
    one.body === undefined
      ? []
      : "application/octet-stream" in one.body
        ? ["too_large"]
        : ["unreadable", "too_large", "unsupported_media_type", "refused"];
  const keyedOnce: RefusalCode[] = one.idempotent === true ? ["refused"] : [];
  return [
    ...new Set([...keyed, ...named, ...queried, ...read, ...keyedOnce, ...(one.refuses ?? [])]),
  ];
}

function byStatus(
  codes: readonly RefusalCode[],
  { spell }: RefusalShape,
): Record<string, RefusalCode[]> {
  const grouped: Record<string, RefusalCode[]> = {};
  for (const code of codes) {
    const status = String(spell(code).status);
    grouped[status] = [...(grouped[status] ?? []), code];
  }
  return grouped;
}

const pathParameters = ({ path }: Operation): Json[] =>
  [...documentPath(path).matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    ...(name === "path" ? { description: "may hold slashes" } : {}),
    schema: { type: "string" },
  }));

/** Every label is a parameter of its own, `label.team=ops`: an exploded object, as forms have them. */
const labelParameter = {
  name: "labels",
  in: "query",
  style: "form",
  explode: true,
  description: "label.<key>=<value>, all of which must fit",
  schema: {
    type: "object",
    patternProperties: { "^label\\.[a-z0-9_.-]{1,63}$": { type: "string" } },
    additionalProperties: false,
  },
};

function queryParameters({ query, labelled }: Operation, components: Components): Json[] {
  const own = Object.entries(query?.properties ?? {}).map(([name, property]) => {
    const schema = components.place(property);
    const plain = property.type !== "object" && property.type !== "array";
    return {
      name,
      in: "query",
      required: (query?.required ?? []).includes(name),
      ...(plain ? { schema } : { content: { "application/json": { schema } } }),
    };
  });
  return labelled === true ? [...own, labelParameter] : own;
}

function contentOf(media: Media, components: Components): Json {
  return Object.fromEntries(
    Object.entries(media).map(([type, schema]) => {
      if (type === "application/octet-stream") return [type, {}];
      if (type !== "application/x-ndjson") return [type, { schema: components.place(schema) }];
      const line = components.place(schema);
      const text = { type: "string", description: "one JSON value per line" };
      return [type, { schema: text, "x-line-schema": line }];
    }),
  );
}

/** Schemas with a name stand once, under it, and are referred to everywhere else. */
class Components {
  readonly schemas: Record<string, Json> = {};

  place(schema: TSchema): Json {
    const { $id } = schema;
    if ($id === undefined) return this.#inlined(schema);
    if (!($id in this.schemas)) {
      // Its place is taken before it is filled: a schema may hold itself.
      this.schemas[$id] = {};
      this.schemas[$id] = this.#inlined(schema);
    }
    return { $ref: `#/components/schemas/${$id}` };
  }

  #inlined(schema: TSchema): Json {
    if (schema[Kind] === "This") return { $ref: `#/components/schemas/${schema.$ref}` };
    const values = literalsOf(schema);
    if (values !== null) {
      const { anyOf: _, $id: __, ...rest } = schema;
      return { ...rest, enum: values };
    }
    return Object.fromEntries(
      Object.entries(schema)
        .filter(([word]) => word !== "$id" && word !== "essential")
        .map(([word, value]) => [word, this.#word(word, value)]),
    );
  }

  #word(word: string, value: unknown): unknown {
    if (word === "properties" || word === "patternProperties") {
      return Object.fromEntries(
        Object.entries(value as Record<string, TSchema>).map(([name, one]) => [
          name,
          this.place(one),
        ]),
      );
    }
    if (Array.isArray(value) && ["anyOf", "allOf", "oneOf"].includes(word)) {
      return (value as TSchema[]).map((one) => this.place(one));
    }
    const holds = ["items", "not", "additionalProperties"].includes(word);
    return holds && typeof value === "object" ? this.place(value as TSchema) : value;
  }
}

/** The values of a choice between constants, which reads better as a list; null for any other schema. */
function literalsOf({ anyOf }: TSchema): unknown[] | null {
  if (!Array.isArray(anyOf) || anyOf.length === 0) return null;
  const constants = (anyOf as TSchema[]).filter((one) => one.const !== undefined);
  return constants.length === anyOf.length ? constants.map((one) => one.const as unknown) : null;
}
