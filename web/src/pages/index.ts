/** The pages: all of them are one file, which is a tenth smaller than a file each. */

import type { Component } from "svelte";

import type { PageName, Params } from "../shell/routes";
import AnyLab from "./AnyLab.svelte";
import Compare from "./Compare.svelte";
import Gan2d from "./Gan2d.svelte";
import Home from "./Home.svelte";
import Neuron from "./Neuron.svelte";
import Run from "./Run.svelte";
import Runs from "./Runs.svelte";
import Trash from "./Trash.svelte";

export const PAGES: Readonly<Record<PageName, Component<{ params: Params }>>> = {
  home: Home,
  neuron: Neuron,
  gan2d: Gan2d,
  lab: AnyLab,
  runs: Runs,
  run: Run,
  trash: Trash,
  compare: Compare,
};
