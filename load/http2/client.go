// Go's net/http over HTTP/2: pages one after the other, four at once on one connection.
package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"os"
	"strconv"
	"sync"
	"time"
)

func main() {
	seconds, err := strconv.ParseFloat(os.Args[2], 64)
	if err != nil {
		panic(err)
	}
	ends := time.Now().Add(time.Duration(seconds * float64(time.Second)))
	found := map[string]int{}
	var lock sync.Mutex
	count := func(what string) {
		lock.Lock()
		defer lock.Unlock()
		found[what]++
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: os.Getenv("SSL_CERT_FILE") == ""},
	}}
	trace := &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) {
		if !got.Reused {
			count("connections")
		}
	}}
	var asking sync.WaitGroup
	for range 4 {
		asking.Add(1)
		go func() {
			defer asking.Done()
			for time.Now().Before(ends) {
				count(ask(client, trace))
				time.Sleep(10 * time.Millisecond)
			}
		}()
	}
	asking.Wait()
	json.NewEncoder(os.Stdout).Encode(found)
}

func ask(client *http.Client, trace *httptrace.ClientTrace) string {
	request, err := http.NewRequest("GET", os.Args[1], nil)
	if err != nil {
		panic(err)
	}
	answer, err := client.Do(request.WithContext(httptrace.WithClientTrace(request.Context(), trace)))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err.Error()
	}
	if answer.StatusCode != 200 || answer.ProtoMajor != 2 {
		return fmt.Sprintf("%s %d", answer.Proto, answer.StatusCode)
	}
	return "ok"
}
