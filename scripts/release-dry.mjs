// Packs exactly what a release would publish, and checks what npm, a license scanner, a debugger and
// a reader of the changelog expect of each tarball.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pack } from './pack.mjs';
import { Report } from './report.mjs';

const REPOSITORY = 'git+https://github.com/shoal-ts/shoal.git';

/** Throws unless the tarball holds what a release must hold. Returns its size, to be printed. */
export function checkTarball({ version, path, tarball }) {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-tarball-'));
  try {
    execFileSync('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder]);
    const files = readdirSync(folder, { recursive: true }).map((file) =>
      file.replaceAll('\\', '/'),
    );
    const read = (file) => readFileSync(join(folder, file), 'utf8');
    const manifest = JSON.parse(read('package.json'));
    const problems = [
      ...problemsOfManifest(manifest, version, path),
      ...['README.md', 'LICENSE', 'CHANGELOG.md']
        .filter((file) => !files.includes(file))
        .map((file) => `${file} is missing`),
      ...files
        .filter((file) => /\.test(-helper|-script)?\./.test(file))
        .map((file) => `${file} is a test`),
      ...files
        .filter((file) => file.endsWith('.map'))
        .flatMap((file) => missingSources(folder, file)),
    ];
    if (files.includes('CHANGELOG.md') && !read('CHANGELOG.md').includes(`## ${version}\n`)) {
      problems.push(`CHANGELOG.md has no section for ${version}`);
    }
    if (problems.length > 0) throw new Error(problems.join('; '));
    return `${(statSync(tarball).size / 1000).toFixed(0)} kB`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function problemsOfManifest({ version, publishConfig, repository, dependencies }, expected, path) {
  const problems = [];
  if (version !== expected) problems.push(`version ${version}`);
  if (publishConfig?.access !== 'public') problems.push('publishConfig.access is not "public"');
  if (publishConfig?.provenance !== true) problems.push('publishConfig.provenance is not true');
  // npm compares these with the repository that signed the provenance.
  if (repository?.url !== REPOSITORY) problems.push(`repository.url is not ${REPOSITORY}`);
  if (repository?.directory !== path) problems.push(`repository.directory is not ${path}`);
  for (const [name, range] of Object.entries(dependencies ?? {})) {
    if (!/^[\^\d]/.test(range)) problems.push(`${name} is wanted at ${range}`);
    if (name.startsWith('@shoal/') && range !== `^${expected}`) problems.push(`${name}@${range}`);
  }
  return problems;
}

/** The sources that a map names, but the tarball lacks. */
function missingSources(folder, map) {
  const { sources } = JSON.parse(readFileSync(join(folder, map), 'utf8'));
  return sources
    .filter((source) => !existsSync(join(folder, dirname(map), source)))
    .map((source) => `${map} leads to ${source}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const report = new Report();
  for (const packed of pack()) {
    await report.check(`${packed.name}@${packed.version}`, () => checkTarball(packed));
  }
  report.end();
}
