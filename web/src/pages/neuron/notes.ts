/** What to look at now, from a few rules over the numbers of the moment. */

import { formatMeasure, plural, t } from "../../i18n";
import { accuracyOf, countConfusion } from "./points";
import type { RunState } from "./run-state.svelte";
import { formatShare } from "./words";

export function findNote(shown: RunState): string {
  const { run, train, test, verdict, model } = shown;
  if (!model || !train.count) return "";
  const confusion = countConfusion(train);
  const right = confusion.trueOnes + confusion.trueZeros;
  if (run.step === 0 && !shown.edited.size) return t("Nothing is learned yet: the first weights are drawn from the seed.");
  if (!model.isNetwork) {
    if (right === train.count) return run.config["rule"] === "step" ? t("No pattern is wrong any more: this rule has nothing left to correct.") : t("All patterns are right; from here on the neuron only gets surer, and the weights grow.");
    if (verdict?.separable === false) return t("{right} of {count} are right. No line does better for all: it will never come to rest.", { right, count: train.count });
    return t("{right} of {count} are right: a line that parts them exists, and it is on its way there.", { right, count: train.count });
  }
  const shareTest = test.count ? accuracyOf(countConfusion(test)) : NaN;
  const [loss, testLoss] = [run.measure("loss"), run.measure("test_loss")];
  if (testLoss > 1.5 * loss && testLoss > 0.05) return t("The test loss ({test}) is far above the training loss ({train}): the network learns these points by heart. A penalty or more points would help.", { test: formatMeasure(testLoss), train: formatMeasure(loss) });
  if (right === train.count) return Number.isNaN(shareTest) ? t("All points are right; the network only gets surer now.") : t("All training points are right, and {share} of the test points.", { share: formatShare(shareTest) });
  return plural(
    "{count} of {all} training points is still wrong. Hover a neuron to see what it contributes.",
    "{count} of {all} training points are still wrong. Hover a neuron to see what it contributes.",
    train.count - right,
    { all: train.count },
  );
}
