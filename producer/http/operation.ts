/**
 * One operation of the API, described once: who may call it, what it takes and what it returns. The routes,
 * the request checks, docs/openapi.json and the client's types are all derived from it.
 */
import type { TObject, TSchema } from "@sinclair/typebox";
import type { Scope } from "../../shared/identity/scopes.ts";
import type { ErrorCode } from "./error_response.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** NDJSON has the schema of one line; bytes have none. */
export type MediaType =
  | "application/json"
  | "application/x-ndjson"
  | "text/plain"
  | "multipart/form-data"
  | "application/octet-stream";
export type Media = { readonly [type in MediaType]?: TSchema };

export interface Operation {
  /** The `operationId` in the OpenAPI document, unique. */
  id: string;
  method: Method;
  /** `:id` is one segment; a trailing `*` is the rest of the path, which the document calls `path`. */
  path: string;
  /** Null where no key is required. */
  scope: Scope | null;
  /** True where the call adds work, which a key's `backlog` limits. */
  addsWork?: boolean;
  /** The error format, where it is not the fleet's own. */
  wire?: "openai";
  /** One sentence. */
  summary: string;
  /** The query's fields; objects and arrays are sent as JSON. */
  query?: TObject;
  /** True where the query also takes `label.<key>=<value>`. */
  takesLabels?: boolean;
  /** True where the header Idempotency-Key makes a retry safe. */
  idempotent?: boolean;
  /** Absent where no body is read. */
  body?: Media;
  /** The body of each success, by status. */
  responses: { readonly [status: number]: Media };
  /** Error codes in addition to those that `errorCodesOf` derives. */
  errors?: readonly ErrorCode[];
}

/** Keeps the literal types, from which the client's types are inferred. */
export const operation = <const O extends Operation>(description: O): O => description;

export const json = <T extends TSchema>(schema: T) => ({ "application/json": schema }) as const;
