// The API reports: packages/*/api/*.api.md list all that `.` of a package exports. `npm run api` updates
// them; check-packages.mjs compares them, so that no change of a public API passes unseen.
import { mkdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { published, root } from './packages.mjs';
import { Report } from './report.mjs';

/** Compares each report with the built package or, to `update` it, writes it anew. */
export async function checkApiReports(report, { update = false } = {}) {
  for (const { path, manifest } of published) {
    await report.check(`API of ${manifest.name}`, () => checkApi(path, manifest.name, update));
  }
}

function checkApi(path, name, update) {
  const folder = root + path;
  const file = `${name.replace('@shoal/', '')}.api.md`;
  mkdirSync(`${folder}/api`, { recursive: true });
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: `${folder}/package.json`,
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: `${folder}/dist/index.d.ts`,
      compiler: {
        overrideTsconfig: { extends: `${root}tsconfig.base.json`, files: ['dist/index.d.ts'] },
      },
      apiReport: {
        enabled: true,
        reportFileName: file,
        reportFolder: 'api',
        reportTempFolder: join(tmpdir(), 'shoal-api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      newlineKind: 'lf',
    },
  });
  const messages = [];
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === 'error') messages.push(message.text);
    },
  });
  if (messages.length > 0) throw new Error(messages.join('\n'));
  if (apiReportChanged && !update)
    throw new Error(`${path}/api/${file} is out of date: npm run api`);
  const names = readFileSync(`${folder}/api/${file}`, 'utf8').match(/^export /gm) ?? [];
  return `${names.length} public names`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const report = new Report();
  await checkApiReports(report, { update: process.argv.includes('--update') });
  report.end();
}
