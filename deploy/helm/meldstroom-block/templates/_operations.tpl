{{/* Takes a dict of root and component. */}}
{{- define "meldstroom-block.podDisruptionBudget" -}}
{{- $values := include "meldstroom-block.values" .root | fromJson -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "meldstroom-block.fullname" .root }}{{ if eq .component "worker" }}-worker{{ end }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  maxUnavailable: {{ $values.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "meldstroom-block.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "meldstroom-block.autoscaler" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "meldstroom-block.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "meldstroom-block.fullname" . }}
  minReplicas: {{ $values.autoscaling.minReplicas }}
  maxReplicas: {{ $values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $values.autoscaling.targetCPUUtilizationPercentage }}
{{- end -}}

{{- define "meldstroom-block.serviceMonitor" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ include "meldstroom-block.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
    {{- with $values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "meldstroom-block.selector" . | nindent 6 }}
  endpoints:
    - port: http
      path: /metrics
      interval: {{ $values.serviceMonitor.interval }}
{{- end -}}

{{- define "meldstroom-block.claim" -}}
{{- $values := include "meldstroom-block.values" . | fromJson -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ include "meldstroom-block.fullname" . }}
  namespace: {{ .Release.Namespace }}
  labels:
    {{- include "meldstroom-block.labels" . | nindent 4 }}
  annotations:
    # Uninstalling a release must not destroy what residents sent.
    helm.sh/resource-policy: keep
spec:
  accessModes:
    {{- toYaml $values.persistence.accessModes | nindent 4 }}
  {{- with $values.persistence.storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ $values.persistence.size }}
{{- end -}}
