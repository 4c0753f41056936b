package evaluation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// State is a file that keeps the predictions of a run, one a line, so that another run can go on after them.
type State struct {
	file *os.File
	Done map[string]Prediction // by id of the request
}

// ErrOtherRun: the state is of another run.
var ErrOtherRun = errors.New("is of another run: the file, its labels or the provider are not the same")

// OpenState opens the state at path, or makes it. run says what is measured, by which provider; a state of another run is
// refused. A line that was cut off, by a death while it was written, is dropped.
func OpenState(path, run string) (*State, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &State{file: f, Done: make(map[string]Prediction)}
	if err := s.load(run); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

type stateHead struct {
	Run string `json:"run"`
}

func (s *State) load(run string) error {
	raw, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	whole := raw[:bytes.LastIndexByte(raw, '\n')+1]
	if err := s.file.Truncate(int64(len(whole))); err != nil {
		return err
	}
	if _, err := s.file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	if len(whole) == 0 {
		return s.write(stateHead{run})
	}
	first, rest, _ := bytes.Cut(whole, []byte("\n"))
	var head stateHead
	if json.Unmarshal(first, &head) != nil || head.Run != run {
		return ErrOtherRun
	}
	for line := range bytes.Lines(rest) {
		var p Prediction
		if err := json.Unmarshal(line, &p); err != nil {
			return fmt.Errorf("has a line that is no prediction: %w", err)
		}
		s.Done[p.ID] = p
	}
	return nil
}

// Keep adds a prediction to the file.
func (s *State) Keep(p Prediction) error { return s.write(p) }

func (s *State) write(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = s.file.Write(append(line, '\n'))
	return err
}

// Close keeps the file for another run.
func (s *State) Close() error { return s.file.Close() }

// Remove closes and deletes the file: the run is complete.
func (s *State) Remove() error {
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}
