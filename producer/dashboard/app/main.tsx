/** The dashboard's beginning: the style, the theme that was chosen, the shell. */
import { render } from "preact";
import "./style/base.css";
import "./style/shell.css";
import "./style/parts.css";
import "./style/status.css";
import "./style/pages.css";
import { Shell } from "./shell.tsx";
import { applyTheme } from "./theme.ts";

applyTheme();
const place = document.getElementById("app");
if (place !== null) render(<Shell />, place);
