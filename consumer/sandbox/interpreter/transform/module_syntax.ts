import type { AnyNode, ExportNamedDeclaration, ImportDeclaration, Program } from "acorn";
import type { Edits } from "./edits.ts";

/** Removes `import` and `export` from a program; their replacement runs before it. */
export function editModuleSyntax(program: Program, edits: Edits): string {
  const imports: string[] = [];
  const exported: string[] = [];
  for (const node of program.body) {
    switch (node.type) {
      case "ImportDeclaration":
        imports.push(importText(node));
        edits.replace(node.start, node.end, ";");
        break;
      case "ExportDefaultDeclaration":
        edits.replace(node.start, node.declaration.start, defaultText(node.declaration));
        break;
      case "ExportNamedDeclaration":
        exportNames(node, edits, imports, exported);
        break;
      case "ExportAllDeclaration":
        edits.replace(node.start, node.end, exportAllText(node));
        break;
      default:
        break;
    }
  }
  if (exported.length > 0) {
    imports.push(
      `Object.defineProperties(__exports,Object.getOwnPropertyDescriptors({${exported.join(",")}}));`,
    );
  }
  return imports.join("");
}

function exportAllText(node: {
  source: { raw?: string | undefined };
  exported?: AnyNode | null;
}): string {
  const importCall = `await __import(${node.source.raw})`;
  if (node.exported) return `__exports[${JSON.stringify(nameOf(node.exported))}]=${importCall};`;
  return `Object.assign(__exports,${importCall});`;
}

function exportNames(
  node: ExportNamedDeclaration,
  edits: Edits,
  imports: string[],
  exported: string[],
): void {
  if (node.declaration) {
    edits.replace(node.start, node.declaration.start, "");
    for (const name of declaredNames(node.declaration))
      exported.push(`get ${name}(){return ${name}}`);
    return;
  }
  const from = node.source ? `__from${imports.length}` : null;
  if (node.source) imports.push(`const ${from}=await __import(${node.source.raw});`);
  for (const specifier of node.specifiers) {
    const local = nameOf(specifier.local);
    const value = from ? `${from}[${JSON.stringify(local)}]` : local;
    exported.push(`get ${JSON.stringify(nameOf(specifier.exported))}(){return ${value}}`);
  }
  edits.replace(node.start, node.end, ";");
}

function importText(node: ImportDeclaration): string {
  const source = JSON.stringify(node.source.value);
  const names: string[] = [];
  const importedNames: string[] = [];
  let namespace = "";
  for (const specifier of node.specifiers) {
    const local = specifier.local.name;
    if (specifier.type === "ImportNamespaceSpecifier") {
      namespace = `const ${local}=await __import(${source});`;
    } else {
      const importedName =
        specifier.type === "ImportDefaultSpecifier" ? "default" : nameOf(specifier.imported);
      importedNames.push(importedName);
      names.push(`${JSON.stringify(importedName)}:${local}`);
    }
  }
  if (names.length === 0) return namespace || `await __import(${source});`;
  return `${namespace}const {${names.join(",")}}=await __import(${source},${JSON.stringify(importedNames)});`;
}

function defaultText(declaration: AnyNode): string {
  const specifiers =
    (declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration") &&
    declaration.id !== null;
  // A named declaration stays a declaration, so that the rest of the program can call it.
  return specifiers && declaration.id
    ? `Object.defineProperty(__exports,"default",{enumerable:true,get(){return ${declaration.id.name}}});`
    : "__exports.default=";
}

function declaredNames(node: AnyNode): string[] {
  switch (node.type) {
    case "FunctionDeclaration":
    case "ClassDeclaration":
      return node.id ? [node.id.name] : [];
    case "VariableDeclaration":
      return node.declarations.flatMap((entry) => declaredNames(entry.id));
    case "Identifier":
      return [node.name];
    case "ObjectPattern":
      return node.properties.flatMap((entry) =>
        declaredNames(entry.type === "RestElement" ? entry.argument : entry.value),
      );
    case "ArrayPattern":
      return node.elements.flatMap((entry) => (entry ? declaredNames(entry) : []));
    case "AssignmentPattern":
      return declaredNames(node.left);
    case "RestElement":
      return declaredNames(node.argument);
    default:
      return [];
  }
}

function nameOf(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  return node.type === "Literal" ? String(node.value) : "";
}
