// The keys that a Kubernetes manifest may have, as far as ours use them. Neither podman nor kubectl
// without a server refuses a misspelt one, and the probe or the grace period it meant is then
// absent.

/** `true`: anything; a list: of things of that shape. */
export type Shape = true | readonly [Shape] | { readonly [key: string]: Shape };

const metadata: Shape = { name: true, labels: true, annotations: true };

const probe: Shape = {
  httpGet: { path: true, port: true },
  initialDelaySeconds: true,
  periodSeconds: true,
  timeoutSeconds: true,
  failureThreshold: true,
};

const container: Shape = {
  name: true,
  image: true,
  imagePullPolicy: true,
  args: [true],
  env: [{ name: true, value: true, valueFrom: { secretKeyRef: { name: true, key: true } } }],
  ports: [{ name: true, containerPort: true }],
  startupProbe: probe,
  livenessProbe: probe,
  readinessProbe: probe,
  resources: { requests: { cpu: true, memory: true }, limits: { cpu: true, memory: true } },
  securityContext: {
    allowPrivilegeEscalation: true,
    readOnlyRootFilesystem: true,
    capabilities: { drop: [true] },
  },
  volumeMounts: [{ name: true, mountPath: true, readOnly: true }],
};

const pod: Shape = {
  terminationGracePeriodSeconds: true,
  automountServiceAccountToken: true,
  enableServiceLinks: true,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: true,
    runAsGroup: true,
    fsGroup: true,
    fsGroupChangePolicy: true,
    seccompProfile: { type: true },
  },
  topologySpreadConstraints: [
    {
      maxSkew: true,
      topologyKey: true,
      whenUnsatisfiable: true,
      labelSelector: { matchLabels: true },
    },
  ],
  containers: [container],
  volumes: [
    {
      name: true,
      configMap: { name: true },
      persistentVolumeClaim: { claimName: true },
      emptyDir: { medium: true, sizeLimit: true },
    },
  ],
};

const head = { apiVersion: true, kind: true, metadata } as const;

const kinds: Readonly<Record<string, Shape>> = {
  ConfigMap: { ...head, data: true },
  PersistentVolumeClaim: {
    ...head,
    spec: { accessModes: [true], resources: { requests: { storage: true } } },
  },
  Deployment: {
    ...head,
    spec: {
      replicas: true,
      strategy: { type: true, rollingUpdate: { maxSurge: true, maxUnavailable: true } },
      selector: { matchLabels: true },
      template: { metadata, spec: pod },
    },
  },
};

/** Paths of all keys that are not known, such as `Deployment.spec.replica`. */
export function unknownKeys(document: { readonly kind: string }): readonly string[] {
  const shape = kinds[document.kind];
  return shape === undefined ? [document.kind] : walk(document, shape, document.kind);
}

function walk(value: unknown, shape: Shape, path: string): readonly string[] {
  if (shape === true) return [];
  if (isList(shape)) {
    if (!Array.isArray(value)) return [path];
    return value.flatMap((item, index) => walk(item, shape[0], `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [path];
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = shape[key];
    return known === undefined ? [`${path}.${key}`] : walk(inner, known, `${path}.${key}`);
  });
}

function isList(shape: Shape): shape is readonly [Shape] {
  return Array.isArray(shape);
}
