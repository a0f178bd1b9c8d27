/** Counts, throughput and spend of the tenant. */
import { Type } from "@sinclair/typebox";
import { overviewLimits, storeLimits } from "../../../shared/limits.ts";
import { json, operation } from "../../http/operation.ts";
import { limitUpTo, strict } from "../../http/values.ts";
import { SpendResponse, StatsResponse, ThroughputResponse } from "./responses.ts";

export const getStats = operation({
  id: "getStats",
  method: "GET",
  path: "/v1/stats",
  scope: "read",
  summary: "Returns task counts by status, the backlog, and tokens and cost by model.",
  responses: { 200: json(StatsResponse) },
});

export const SpendQuery = Type.Partial(
  Type.Object({ days: limitUpTo(storeLimits.spendDaysMax, storeLimits.spendDaysDefault) }),
  strict,
);

export const getSpend = operation({
  id: "getSpend",
  method: "GET",
  path: "/v1/spend",
  scope: "read",
  summary: "Returns the tokens and cost of model calls, by day and model.",
  query: SpendQuery,
  responses: { 200: json(SpendResponse) },
});

export const ThroughputQuery = Type.Partial(
  Type.Object({ minutes: limitUpTo(overviewLimits.minutesMax, overviewLimits.minutesDefault) }),
  strict,
);

export const getThroughput = operation({
  id: "getThroughput",
  method: "GET",
  path: "/v1/throughput",
  scope: "read",
  summary: "Returns the settled tasks of each of the last minutes, with tokens and cost.",
  query: ThroughputQuery,
  responses: { 200: json(ThroughputResponse) },
});
