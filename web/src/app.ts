/** The page itself. */

import "./generated/colors.css";
import "./shell/fonts.css";
import "./shell/tokens.css";
import "./shell/base.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { preferredLanguage, useLanguage } from "./i18n";
import { currentPlace } from "./shell/router.svelte";

const target = document.getElementById("app");
await useLanguage(preferredLanguage(new URLSearchParams(currentPlace().query).get("lang")));
if (target) mount(App, { target });
