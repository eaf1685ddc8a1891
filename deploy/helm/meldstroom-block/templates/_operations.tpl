{{/* Takes the context with `component`. */}}
{{- define "meldstroom-block.podDisruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable }}
  selector:
    matchLabels:
      {{- include "meldstroom-block.selector" . | nindent 6 }}
{{- end -}}

{{- define "meldstroom-block.autoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ .fullname }}
  minReplicas: {{ .values.autoscaling.minReplicas }}
  maxReplicas: {{ .values.autoscaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ .values.autoscaling.targetCPUUtilizationPercentage }}
{{- end -}}

{{- define "meldstroom-block.serviceMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
    {{- with .values.serviceMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels:
      {{- include "meldstroom-block.selector" . | nindent 6 }}
  endpoints:
    - port: http
      path: /metrics
      interval: {{ .values.serviceMonitor.interval }}
{{- end -}}

{{- define "meldstroom-block.claim" -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  {{- include "meldstroom-block.metadata" . | nindent 2 }}
  annotations:
    # Uninstalling a release must not destroy what residents sent.
    helm.sh/resource-policy: keep
spec:
  accessModes:
    {{- toYaml .values.persistence.accessModes | nindent 4 }}
  {{- with .values.persistence.storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources:
    requests:
      storage: {{ .values.persistence.size }}
{{- end -}}
