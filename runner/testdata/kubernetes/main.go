// Command kubernetes runs the Jobs of a manifest as Kubernetes would, in one folder and without containers. It is a module
// of its own, so that the types of Kubernetes are no dependency of the gate.
//
//	kubernetes MANIFEST FOLDER STEP
//
// What is labelled step=STEP is created, in its order. Each document is decoded strictly by the types of its API version: a
// member that they do not have is an error. An indexed Job runs once for each index from 0, with JOB_COMPLETION_INDEX, and
// any other once. It may mount only claims of the manifest, which are in the folder.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	batch "k8s.io/api/batch/v1" // the types of the API server itself
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	strict "sigs.k8s.io/yaml" // reads YAML as kubectl does
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: kubernetes MANIFEST FOLDER STEP")
		os.Exit(2)
	}
	if err := create(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func create(manifest, folder, step string) error {
	file, err := os.Open(manifest)
	if err != nil {
		return err
	}
	defer file.Close()
	claims := map[string]bool{}
	var jobs []batch.Job
	for documents := yaml.NewDocumentDecoder(file); ; {
		text := make([]byte, 1<<20)
		n, err := documents.Read(text)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		var kind struct{ APIVersion, Kind string }
		if err := strict.Unmarshal(text[:n], &kind); err != nil {
			return err
		}
		switch kind.APIVersion + " " + kind.Kind {
		case "v1 PersistentVolumeClaim":
			var claim core.PersistentVolumeClaim
			if err := strict.UnmarshalStrict(text[:n], &claim); err != nil {
				return err
			}
			claims[claim.Name] = true
		case "batch/v1 Job":
			var job batch.Job
			if err := strict.UnmarshalStrict(text[:n], &job); err != nil {
				return err
			}
			if job.Labels["step"] == step {
				jobs = append(jobs, job)
			}
		default:
			return fmt.Errorf("there is no %s %s", kind.APIVersion, kind.Kind)
		}
	}
	if len(jobs) == 0 {
		return fmt.Errorf("no Job is labelled step=%s", step)
	}
	for _, job := range jobs {
		if err := run(job, claims, folder); err != nil {
			return fmt.Errorf("%s: %w", job.Name, err)
		}
	}
	return nil
}

// run runs the pods of a Job, one after the other.
func run(job batch.Job, claims map[string]bool, folder string) error {
	pod := job.Spec.Template.Spec
	if pod.RestartPolicy != core.RestartPolicyNever && pod.RestartPolicy != core.RestartPolicyOnFailure {
		return fmt.Errorf("restartPolicy %q is not for Jobs", pod.RestartPolicy)
	}
	indexed := job.Spec.CompletionMode != nil && *job.Spec.CompletionMode == batch.IndexedCompletion
	pods := 1
	if job.Spec.Completions != nil {
		pods = int(*job.Spec.Completions)
	} else if indexed {
		return errors.New("an indexed Job needs completions")
	}
	volumes := map[string]bool{}
	for _, volume := range pod.Volumes {
		if volume.PersistentVolumeClaim == nil || !claims[volume.PersistentVolumeClaim.ClaimName] {
			return fmt.Errorf("the volume %s is of no claim here", volume.Name)
		}
		volumes[volume.Name] = true
	}
	for i := range pods {
		for _, container := range pod.Containers {
			environment := os.Environ()
			if indexed {
				environment = append(environment, fmt.Sprint("JOB_COMPLETION_INDEX=", i))
			}
			for _, variable := range container.Env {
				value := variable.Value
				for _, mount := range container.VolumeMounts {
					if !volumes[mount.Name] {
						return fmt.Errorf("there is no volume %s", mount.Name)
					}
					if rest, under := strings.CutPrefix(value, mount.MountPath); under {
						value = filepath.Join(folder, rest)
					}
				}
				environment = append(environment, variable.Name+"="+value)
			}
			words := append(append([]string{}, container.Command...), container.Args...)
			command := exec.Command(words[0], words[1:]...)
			command.Env, command.Stdout, command.Stderr = environment, os.Stdout, os.Stderr
			if err := command.Run(); err != nil {
				return fmt.Errorf("pod %d: %w", i, err)
			}
		}
	}
	return nil
}
