SAMPLES += thief encryptor forkbomb hog polite deputy fence
