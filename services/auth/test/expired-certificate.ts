/** A certificate of `localhost`, valid in January 2020, for tests; it and its key protect nothing. */
export const expiredCertificate = Object.freeze({
  cert: `-----BEGIN CERTIFICATE-----
MIIBDjCBtgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwHhcN
MjAwMTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATmhoQys9e3Lz0FWPpDW+YCjK4D
asGCb+SoTS749n81kn8yKwebtDNdw1/FrIgDs2ypn4Das7jxZ/MYlD9oEFfFMAoG
CCqGSM49BAMCA0cAMEQCIEbHPUSkEkAfLm75ehsQ5j7xsZA4Yy/zGZptbhcnnILw
AiBS+jPyTpOtx02g7SJs8OtKNN8muXln/7rZxug6dXo96g==
-----END CERTIFICATE-----`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9rtdbm+Amo2n0RJo
Ms1qYPyJQPMdn/TBkI3MvwZNj++hRANCAATmhoQys9e3Lz0FWPpDW+YCjK4DasGC
b+SoTS749n81kn8yKwebtDNdw1/FrIgDs2ypn4Das7jxZ/MYlD9oEFfF
-----END PRIVATE KEY-----`,
})
