{{/* A Deployment. Takes the context with `component`: api (in combined mode also the worker) or worker. */}}
{{- define "meldstroom-block.deployment" -}}
{{- $values := .values -}}
{{- $own := get $values .component -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
spec:
  {{- if not (and $values.autoscaling.enabled (eq .component "api")) }}
  replicas: {{ $own.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels:
      {{- include "meldstroom-block.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "meldstroom-block.labels" . | nindent 8 }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        checksum/settings: {{ .settings | toJson | sha256sum }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "meldstroom-block.serviceAccount" . }}
      terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
      {{- include "meldstroom-block.podSpec" . | nindent 6 }}
      {{- if eq $values.migration.mode "init" }}
      initContainers:
        {{- include "meldstroom-block.command" (merge (dict "command" "migrate") .) | nindent 8 }}
        {{- if $values.migration.seed }}
        {{- include "meldstroom-block.command" (merge (dict "command" "seed") .) | nindent 8 }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ .block }}
          {{- include "meldstroom-block.container" (merge (dict "withData" true) .) | nindent 10 }}
          {{- if eq $values.mode "split" }}
          args: ["--only", "{{ .component }}"]
          {{- end }}
          ports:
            - name: http
              containerPort: 8080
          envFrom:
            - configMapRef:
                name: {{ .fullname }}
          env:
            {{- include "meldstroom-block.secretEnvironment" . | trim | nindent 12 }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 45
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 3
            failureThreshold: 3
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          lifecycle:
            preStop:
              # Requests still come until every node knows that this pod ends.
              exec: {command: ["python", "-c", "import time; time.sleep(5)"]}
{{- end -}}

{{/* Migrations and seeds, before the pods of a version start. Takes the context with `component` migration. */}}
{{- define "meldstroom-block.migrationJob" -}}
{{- $values := .values -}}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: before-hook-creation
spec:
  backoffLimit: {{ $values.migration.backoffLimit }}
  activeDeadlineSeconds: {{ $values.migration.activeDeadlineSeconds }}
  template:
    metadata:
      labels:
        {{- include "meldstroom-block.labels" . | nindent 8 }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      restartPolicy: Never
      {{- include "meldstroom-block.podSpec" . | nindent 6 }}
      {{- if $values.migration.seed }}
      initContainers:
        {{- include "meldstroom-block.command" (merge (dict "command" "migrate") .) | nindent 8 }}
      {{- end }}
      containers:
        {{- $last := $values.migration.seed | ternary "seed" "migrate" }}
        {{- include "meldstroom-block.command" (merge (dict "command" $last) .) | nindent 8 }}
{{- end -}}
