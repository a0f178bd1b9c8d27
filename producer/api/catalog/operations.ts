/** The models, tools and egress policies of the fleet. */
import { json, operation } from "../../http/operation.ts";
import {
  ModelLimitList,
  ModelTry,
  ModelTryResponse,
  PoliciesResponse,
  ToolsResponse,
} from "./responses.ts";

export const listModelLimits = operation({
  id: "listModelPaces",
  method: "GET",
  path: "/v1/models",
  scope: "read",
  summary:
    "Lists models with their rate limits, how much is in use, and until when each is closed.",
  responses: { 200: json(ModelLimitList) },
});

export const tryModel = operation({
  id: "tryModel",
  method: "POST",
  path: "/v1/models/try",
  scope: "submit",
  summary:
    "Tries a model: lists its endpoint's models and asks for one short completion with a tool.",
  body: json(ModelTry),
  responses: { 200: json(ModelTryResponse) },
});

export const listTools = operation({
  id: "listTools",
  method: "GET",
  path: "/v1/tools",
  scope: "read",
  summary: "Lists all tools; for each that is not configured, what to set.",
  responses: { 200: json(ToolsResponse) },
});

export const listPolicies = operation({
  id: "listPolicies",
  method: "GET",
  path: "/v1/policies",
  scope: "read",
  summary: "Lists the egress policies that tasks may name, with their rules.",
  responses: { 200: json(PoliciesResponse) },
});
