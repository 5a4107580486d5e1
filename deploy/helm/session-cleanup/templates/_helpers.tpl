{{/* Names are shortened to what Kubernetes allows. */}}
{{- define "session-cleanup.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "session-cleanup.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "session-cleanup.labels" -}}
{{ include "session-cleanup.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "session-cleanup.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{- define "session-cleanup.config" -}}
session-cleanup.yaml: |
{{ toYaml .Values.config | indent 2 }}
{{- end -}}

{{/* Settings that a pod gets whatever it runs. */}}
{{- define "session-cleanup.settings" -}}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- if .Values.config }}
- name: SESSION_CLEANUP_CONFIG
  value: /config/session-cleanup.yaml
{{- end }}
{{- end -}}

{{/* Where Temporal is and how to log in; the Worker Controller sets most of it itself. */}}
{{- define "session-cleanup.temporal" -}}
{{- $tls := .Values.temporal.tls }}
{{- if not .Values.workerController.enabled }}
- name: TEMPORAL_ADDRESS
  value: {{ required "temporal.address: not set. Set it to host:port of the server." .Values.temporal.address | quote }}
- name: TEMPORAL_NAMESPACE
  value: {{ .Values.temporal.namespace | quote }}
{{- if $tls.enabled }}
- name: TEMPORAL_TLS
  value: "true"
{{- end }}
{{- if $tls.clientSecret }}
- name: TEMPORAL_TLS_CLIENT_CERT_PATH
  value: /tls/client/tls.crt
- name: TEMPORAL_TLS_CLIENT_KEY_PATH
  value: /tls/client/tls.key
{{- end }}
{{- if $tls.serverName }}
- name: TEMPORAL_TLS_SERVER_NAME
  value: {{ $tls.serverName | quote }}
{{- end }}
{{- with .Values.temporal.apiKeySecret }}
{{- if .name }}
- name: TEMPORAL_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ .name }}
      key: {{ .key }}
{{- end }}
{{- end }}
{{- end }}
{{- if $tls.caSecret }}
- name: TEMPORAL_TLS_SERVER_CA_CERT_PATH
  value: /tls/ca/ca.crt
{{- end }}
{{- end -}}

{{- define "session-cleanup.podSecurity" -}}
runAsNonRoot: true
runAsUser: 1000
runAsGroup: 1000
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "session-cleanup.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* What all pods have in common. Variables that Kubernetes derives from services would be unknown settings. */}}
{{- define "session-cleanup.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: {{- include "session-cleanup.podSecurity" . | nindent 2 }}
{{- with .Values.serviceAccountName }}
serviceAccountName: {{ . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* The pod of a worker, for a Deployment or a WorkerDeployment. */}}
{{- define "session-cleanup.worker" -}}
metadata:
  labels: {{- include "session-cleanup.labels" . | nindent 4 }}
    {{- with .Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    checksum/config: {{ include "session-cleanup.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- include "session-cleanup.pod" . | nindent 2 }}
  # A worker stops within eight seconds.
  terminationGracePeriodSeconds: 15
  {{- with .Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels: {{- include "session-cleanup.selector" . | nindent 10 }}
  containers:
    - name: worker
      image: {{ include "session-cleanup.image" . }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args: [worker]
      securityContext: {{- include "session-cleanup.containerSecurity" . | nindent 8 }}
      envFrom:
        - secretRef:
            name: {{ required "existingSecret: not set. Set it to a Secret with DATABASE_URL." .Values.existingSecret }}
      env:
        {{- include "session-cleanup.settings" . | trim | nindent 8 }}
        {{- include "session-cleanup.temporal" . | trim | nindent 8 }}
        - name: SESSION_CLEANUP_HEALTH_ADDRESS
          value: 0.0.0.0:{{ .Values.health.port }}
        {{- if .Values.metrics.enabled }}
        - name: SESSION_CLEANUP_METRICS_ADDRESS
          value: 0.0.0.0:{{ .Values.metrics.port }}
        {{- end }}
      ports:
        - name: health
          containerPort: {{ .Values.health.port }}
        {{- if .Values.metrics.enabled }}
        - name: metrics
          containerPort: {{ .Values.metrics.port }}
        {{- end }}
      startupProbe:
        httpGet: { path: /startupz, port: health }
        periodSeconds: 2
        # Ten minutes, for the checks of many tables in a slow database.
        failureThreshold: 300
      livenessProbe:
        httpGet: { path: /livez, port: health }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: health }
        periodSeconds: 5
        timeoutSeconds: 5
      resources: {{- toYaml .Values.resources | nindent 8 }}
      {{- with include "session-cleanup.mounts" . | trim }}
      volumeMounts: {{- . | nindent 8 }}
      {{- end }}
  {{- with include "session-cleanup.volumes" . | trim }}
  volumes: {{- . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "session-cleanup.mounts" -}}
{{- if .Values.config }}
- { name: config, mountPath: /config, readOnly: true }
{{- end }}
{{- if and .Values.temporal.tls.clientSecret (not .Values.workerController.enabled) }}
- { name: client-certificate, mountPath: /tls/client, readOnly: true }
{{- end }}
{{- if .Values.temporal.tls.caSecret }}
- { name: ca-certificate, mountPath: /tls/ca, readOnly: true }
{{- end }}
{{- end -}}

{{- define "session-cleanup.volumes" -}}
{{- if .Values.config }}
- name: config
  configMap:
    name: {{ include "session-cleanup.name" . }}
{{- end }}
{{- if and .Values.temporal.tls.clientSecret (not .Values.workerController.enabled) }}
- name: client-certificate
  secret:
    secretName: {{ .Values.temporal.tls.clientSecret }}
{{- end }}
{{- if .Values.temporal.tls.caSecret }}
- name: ca-certificate
  secret:
    secretName: {{ .Values.temporal.tls.caSecret }}
{{- end }}
{{- end -}}
