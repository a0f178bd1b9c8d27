/** One authenticated request, as the routes see it, and what they answer. */
import type { Principal, Scope } from "./auth.ts";
import type { ProducerEnv } from "./env.ts";
import type { Outcome } from "./problem.ts";

export interface Call {
  request: Request;
  url: URL;
  env: ProducerEnv;
  principal: Principal;
  /** A parameter of the route's path, "" where the route has none of that name. */
  param: (name: string) => string;
  /** Work that goes on after the answer. */
  waitUntil: (work: Promise<unknown>) => void;
}

export type Handler = (call: Call) => Promise<Outcome<Response>>;

/** One line of the API: what may be called, by whom, and what answers. */
export interface Route {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  scope: Scope;
  /** True where the call leaves more work to do, which a key may bound. */
  adds?: boolean;
  handle: Handler;
}
