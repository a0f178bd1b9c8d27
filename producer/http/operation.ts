/**
 * One call of the API, described once: who may make it, what it takes and what it answers. The routes
 * serve it, the requests are read by its schemas, docs/openapi.json is made of it, and the client's types
 * are inferred from it.
 */
import type { TObject, TSchema } from "@sinclair/typebox";
import type { Scope } from "../../shared/new_key.ts";
import type { RefusalCode } from "./refusals.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** A body that is JSON of a schema, lines of it, a form with a file, or bytes. */
export type MediaType =
  | "application/json"
  | "application/x-ndjson"
  | "multipart/form-data"
  | "application/octet-stream";
export type Media = { readonly [type in MediaType]?: TSchema };

export interface Operation {
  /** Its name in the document: unique, and what generated clients call it. */
  id: string;
  method: Method;
  /** `:id` is one segment; a `*` at the end is all that follows, and is named `path` in the document. */
  path: string;
  /** Null where no key is asked for. */
  scope: Scope | null;
  /** True where the call leaves more work to do, which a key may bound. */
  adds?: boolean;
  /** In whose shape it refuses, where that is not the fleet's own. */
  wire?: "openai";
  /** One sentence for people. */
  about: string;
  /** The query's fields; one that is no string, number or boolean is sent as JSON text. */
  query?: TObject;
  /** True where the query also takes `label.<key>=<value>`. */
  labelled?: boolean;
  /** True where the header Idempotency-Key makes a repetition harmless. */
  idempotent?: boolean;
  /** What the body may be; absent where none is read. */
  body?: Media;
  /** By status: what each success holds. */
  answers: { readonly [status: number]: Media };
  /** Refusals beside those that every call may have. */
  refuses?: readonly RefusalCode[];
}

/** Keeps the literal types, from which the client's are inferred. */
export const operation = <const O extends Operation>(described: O): O => described;

export const json = <T extends TSchema>(schema: T) => ({ "application/json": schema }) as const;
