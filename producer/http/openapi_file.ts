/**
 * `npm run openapi`: writes what is made of the code and kept in the repository: the document, and the
 * client without its types. Tests hold both against the code.
 */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { openRoutes, routes } from "../api.ts";
import { plainClient } from "../client/plain.ts";
import { documentOf } from "./openapi.ts";

const at = (file: string) => path.resolve(import.meta.dirname, file);

const document = documentOf([...openRoutes, ...routes]);
writeFileSync(at("../../docs/openapi.json"), `${JSON.stringify(document, null, 2)}\n`);
writeFileSync(at("../client/index.js"), plainClient());
